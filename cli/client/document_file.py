"""Reads JSON given to a command: in a file, on standard input, or as an argument."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wand_orchestrator.errors import BadRequest

STDIN = "-"
FILE_MARK = "@"


def read_document(path: str) -> Any:
    """Read JSON from a file, or from standard input for `-`. Raises BadRequest, OSError."""
    where = "standard input" if path == STDIN else path
    try:
        text = sys.stdin.read() if path == STDIN else Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(f"{where} is not UTF-8: byte {error.start}") from error
    return _parsed(text, where)


def read_argument(text: str, option: str) -> Any:
    """Read JSON from the value of `option`, or from the file that it names after `@`."""
    return read_document(text.removeprefix(FILE_MARK)) if text.startswith(FILE_MARK) else _parsed(text, option)


def webhook_of(url: str | None, events: Sequence[str] | None) -> dict[str, Any] | None:
    """Return the `webhook` of a request. Raises BadRequest if events are given without a URL."""
    if url is None:
        if events:
            raise BadRequest("--webhook-event needs --webhook")
        return None
    return {"url": url, **({"events": list(events)} if events else {})}


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BadRequest(f"{where} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise BadRequest(f"{where} is nested too deeply") from error
    except ValueError as error:  # a number that Python refuses to read
        raise BadRequest(f"{where} cannot be read: a number has too many digits") from error
