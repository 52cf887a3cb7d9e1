"""A table that fits the terminal without cutting anything off.

Rows are lines where they fit. Where they do not, cells are folded, but never those of the `whole` columns: an id has to
be copied in one piece. Where not even these fit, each row becomes a block of lines.
"""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wand_orchestrator.cli.display.output import Cell, cell_text, console

GAP = 2
LEAST_WIDTH = 12
"""A column is not folded to less."""

MANY_ROWS = 1000
"""More are not folded, which takes a millisecond a row: the terminal breaks their lines."""

Rows = list[list[Text]]


def print_table(
    names: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    whole: Sequence[str] = (),
    on: Console | None = None,
    title: str = "",
) -> None:
    out = on or console()
    texts = [[cell_text(cell) for cell in row] for row in rows]
    widths = [max([cell_len(name), *(row[i].cell_len for row in texts)]) for i, name in enumerate(names)]
    least = [width if name in whole else min(width, LEAST_WIDTH) for name, width in zip(names, widths, strict=True)]
    gaps = GAP * (len(names) - 1)
    if title:
        out.print(Text(title, style="italic"))
    if sum(widths) + gaps <= out.width or len(texts) > MANY_ROWS:
        _print_lines(out, names, texts, widths)
    elif sum(least) + gaps <= out.width:
        _print_folded(out, names, texts, whole)
    else:
        _print_blocks(out, names, texts)


def _print_lines(out: Console, names: Sequence[str], rows: Rows, widths: Sequence[int]) -> None:
    lines = []
    for row in [[Text(name, style="bold") for name in names], *rows]:
        line = Text()
        for text, width in zip(row, widths, strict=True):
            line.append_text(text).append(" " * (width - text.cell_len + GAP))
        line.rstrip()
        lines.append(line)
    out.print(Text("\n").join(lines), soft_wrap=True)


def _print_folded(out: Console, names: Sequence[str], rows: Rows, whole: Sequence[str]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for name in names:
        table.add_column(name, no_wrap=name in whole, overflow="fold")
    for row in rows:
        table.add_row(*row)
    out.print(table)


def _print_blocks(out: Console, names: Sequence[str], rows: Rows) -> None:
    for number, row in enumerate(rows):
        if number:
            out.print()
        for name, text in zip(names, row, strict=True):
            if text:
                out.print(Text.assemble((f"{name}: ", "dim"), text), soft_wrap=True)
