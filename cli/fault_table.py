"""Faults and warnings of a graph, as a table."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wand_orchestrator.errors import FaultLike

WHOLE_DOCUMENT = "(the document)"


def print_faults(console: Console, faults: Iterable[FaultLike], title: str) -> None:
    """`pointer` says where in the document; an empty one is the document itself."""
    table = Table(title=title, title_justify="left", show_lines=False)
    for name in ("where", "code", "what"):
        table.add_column(name, overflow="fold")
    for fault in faults:
        table.add_row(Text(fault.pointer or WHOLE_DOCUMENT), Text(fault.code), Text(fault.message))
    console.print(table)
