"""Reads documents that a command is given, JSON or YAML: in a file, on standard input, or as an argument."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wand_orchestrator.errors import BadRequest, FaultLike
from wand_orchestrator.graphs.strict_json import parse_json
from wand_orchestrator.graphs.text_places import places_in
from wand_orchestrator.graphs.yaml_text import parse_yaml
from wand_orchestrator.validation.fault import Fault

STDIN = "-"
FILE_MARK = "@"
GRAPH_ID = re.compile("g_[0-9a-f]{32}")
_QUOTED = ("{", "[", '"')
_SUFFIXES = (".json", ".yaml", ".yml")


@dataclass(frozen=True)
class DocumentText:
    text: str
    is_yaml: bool
    value: Any

    def placed(self, faults: Sequence[FaultLike]) -> tuple[Fault, ...]:
        """Return the faults with their lines and columns in this text."""
        places = places_in(self.text, {fault.pointer for fault in faults}, is_yaml=self.is_yaml)
        return tuple(Fault(each.pointer, each.code, each.message, *places[each.pointer]) for each in faults)


def read_document(path: str) -> Any:
    """Return the value of the document that read_text reads. Raises BadRequest, OSError."""
    return read_text(path).value


def read_text(path: str) -> DocumentText:
    """Return the document in a file, or on standard input for `-`. Raises BadRequest, OSError.

    What begins like an object of JSON, or lies in a file `*.json`, is read as JSON, anything else as YAML.
    """
    where = "standard input" if path == STDIN else path
    try:
        text = sys.stdin.read() if path == STDIN else Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(f"{where} is not UTF-8: byte {error.start}") from error
    if path.endswith(".json") or text.lstrip().startswith(("{", "[")):
        return DocumentText(text, False, parse_json(text, where))
    try:
        return DocumentText(text, True, parse_yaml(text))
    except BadRequest as error:
        raise BadRequest(f"{where}: {error.message}") from error


def graph_of(target: str, version: int | None = None) -> dict[str, Any]:
    """Return the part of a request for a run that names its graph: a document from a file or standard input, or a
    stored one by id or name.

    Raises BadRequest, OSError.
    """
    if target == STDIN or Path(target).is_file() or target.endswith(_SUFFIXES):
        given: dict[str, Any] = {"graph": read_document(target)}
    elif GRAPH_ID.fullmatch(target):
        given = {"graph_id": target}
    else:
        return {"graph_name": target} | ({} if version is None else {"version": version})
    if version is not None:
        raise BadRequest("--version belongs to the name of a stored graph")
    return given


def read_argument(text: str, option: str) -> Any:
    """Return the JSON in the value of `option`, or the document in the file that it names behind `@`."""
    if text.startswith(FILE_MARK):
        return read_document(text.removeprefix(FILE_MARK))
    try:
        return parse_json(text, option)
    except BadRequest as error:
        if text.lstrip().startswith(_QUOTED):
            raise
        raise BadRequest(f"{error.message}: a text stands in double quotes, as in {option} '\"yes\"'") from error


def webhook_of(url: str | None, events: Sequence[str] | None) -> dict[str, Any] | None:
    """Return the `webhook` of a request. Raises BadRequest for events of no webhook."""
    if url is None:
        if events:
            raise BadRequest("--webhook-event needs --webhook")
        return None
    return {"url": url, **({"events": list(events)} if events else {})}
