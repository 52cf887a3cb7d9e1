"""Displays the text that agents emit, as it comes: its last lines, below the nodes of the run."""

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from wand_orchestrator.cli.display.output import plain
from wand_orchestrator.contract.emitted_text import Delta
from wand_orchestrator.contract.events import Event, EventType

LINES = 6
"""Of one text; of several fewer, so that the nodes stay in sight."""

MOST_TEXTS = 3
KEPT = 4000
"""Characters: more than the lines take on any terminal."""

_GONE = frozenset({EventType.NODE_RETRYING, EventType.NODE_SUCCEEDED, EventType.NODE_FAILED, EventType.NODE_CANCELLED})


class EmittedTexts:
    """The ends of the texts that are being emitted, by node, the one that grew last at the end."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def take(self, item: Event | Delta) -> None:
        """Take text, or an event that tells that a text has ended: the run's result has it then."""
        if isinstance(item, Delta):
            before = self._texts.pop(item.node, "") if item.offset else ""
            self._texts[item.node] = (before + item.text)[-KEPT:]
        elif item.type in _GONE:
            self._texts.pop(item.node or "", None)

    def height(self, width: int, console: Console) -> int:
        return sum(len(lines) + 1 for _, lines in self._shown(width, console))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for node, lines in self._shown(options.max_width, console):
            yield Text(node, style="cyan")
            yield from lines

    def _shown(self, width: int, console: Console) -> list[tuple[str, list[Text]]]:
        shown = list(self._texts.items())[-MOST_TEXTS:]
        each = max(1, LINES // max(1, len(shown)))
        return [(node, _last_lines(text, each, width - 2, console)) for node, text in shown]


def _last_lines(text: str, count: int, width: int, console: Console) -> list[Text]:
    """Return the last lines of the text, folded at the terminal's width and indented."""
    lines = Text("\n").join(Text(plain(line)) for line in text.strip().splitlines()[-count:]).wrap(console, width)
    for line in lines:
        line.pad_left(2)
        line.no_wrap = True
    return list(lines[-count:])
