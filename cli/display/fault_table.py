"""Prints the faults and warnings of a graph as a table."""

from collections.abc import Iterable

from rich.console import Console

from wand_orchestrator.cli.display.table import print_table
from wand_orchestrator.errors import FaultLike

WHOLE_DOCUMENT = "(the document)"


def print_faults(console: Console, faults: Iterable[FaultLike], title: str) -> None:
    """Print the faults, with lines where they are known; an empty `pointer` means the document itself."""
    known = tuple(faults)
    rows = [(fault.pointer or WHOLE_DOCUMENT, fault.code, fault.message) for fault in known]
    if all(fault.line is None for fault in known):
        print_table(("where", "code", "what"), rows, on=console, title=title)
        return
    placed = [(f"{fault.line}:{fault.column}", *row) for fault, row in zip(known, rows, strict=True)]
    print_table(("line", "where", "code", "what"), placed, on=console, title=title)
