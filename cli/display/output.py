"""Writes to standard output: JSON as the API returned it, or text for people.

What a run says is written by its agents: control characters in it are shown, never obeyed.
"""

import json
import re
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

UNLIMITED = 100_000
"""Columns of what is no terminal: a line that another program reads is not folded."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

Cell = str | Text


class _Console(Console):
    """A console that lets the entry point end the command when its reader has gone, as in `wand runs logs … | head`."""

    def on_broken_pipe(self) -> None:
        raise


def console(*, stderr: bool = False) -> Console:
    """Return a console, with colours and a width only on a terminal."""
    opened = _Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not opened.is_terminal:
        opened.width = UNLIMITED
    return opened


def plain(text: str) -> str:
    """Return the text on one line, with control characters escaped."""
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def cell_text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(plain(cell))


def print_json(document: Any, *, indent: int | None = 2) -> None:
    """Print JSON in the order of the document; characters that standard output cannot show are escaped."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = json.dumps(document, indent=indent)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def print_fields(*fields: tuple[str, Cell | None]) -> None:
    """Print fields, a line each; None and empty ones are left out."""
    out = console()
    shown = [(name, value) for name, value in fields if value]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        out.print(Text.assemble((f"{name:{width}}  ", "dim"), cell_text(value)), soft_wrap=True)
