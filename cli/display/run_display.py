"""Displays a run on a terminal as a progress bar and a live line for each node; elsewhere, as a line for each event."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from wand_orchestrator.cli.display.emitted_texts import EmittedTexts
from wand_orchestrator.cli.display.event_line import told
from wand_orchestrator.cli.display.failure_view import below
from wand_orchestrator.cli.display.output import plain
from wand_orchestrator.cli.display.shown_times import span
from wand_orchestrator.contract.emitted_text import Delta
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.state import NodeState, NodeStatus, RunState, RunStatus, fold
from wand_orchestrator.errors import Unavailable

REFRESH_PER_SECOND = 12
BAR_WIDTH = 40

_MARKS = {
    NodeStatus.PENDING: ("·", "dim"),
    NodeStatus.WAITING: ("?", "yellow"),
    NodeStatus.SUCCEEDED: ("✓", "green"),
    NodeStatus.FAILED: ("✗", "red"),
    NodeStatus.SKIPPED: ("-", "dim"),
    NodeStatus.CANCELLED: ("■", "yellow"),
}
_RUN_STYLES = {RunStatus.SUCCEEDED: "green", RunStatus.RUNNING: "cyan", RunStatus.PENDING: "dim"}


class RunDisplay:
    """Displays a run; `state` is folded from the events that it was given."""

    def __init__(self, console: Console, run_id: str, graph: Any) -> None:
        self.state = RunState()
        self._console = console
        self._run_id = run_id
        self._nodes = {node["id"]: NodeState() for node in graph["nodes"]}
        self._types = {node["id"]: node["type"] for node in graph["nodes"]}
        self._said: dict[str, str] = {}
        self._note = ""
        self._spinner = Spinner("dots")
        self._texts = EmittedTexts()

    @property
    def live(self) -> bool:
        """Return whether text can be shown as it comes."""
        return self._console.is_terminal and not self._console.quiet

    @contextmanager
    def shown(self) -> Iterator[None]:
        if not self._console.is_terminal:
            yield
            return
        with Live(
            get_renderable=self._render,
            console=self._console,
            refresh_per_second=REFRESH_PER_SECOND,
            vertical_overflow="visible",
        ):
            yield

    def take(self, item: Event | Delta | Unavailable) -> None:
        """Take an event, emitted text, or the error that keeps the next ones from coming."""
        if isinstance(item, Delta):
            self._texts.take(item)
            return
        if isinstance(item, Unavailable):
            self._note = item.message
        else:
            self._note = ""
            self._texts.take(item)
            fold(self.state, item)
            if item.node is not None and item.message:
                self._said[item.node] = plain(item.message)
        if not self._console.is_terminal:
            self._console.print(_line(item, self.state.progress), soft_wrap=True)

    def _render(self) -> RenderableType:
        parts: list[RenderableType] = [self._head(), self._table(), self._texts]
        if self._note:
            parts.append(Text(self._note, style="yellow"))
        return Group(*parts)

    def _head(self) -> RenderableType:
        status = self.state.status
        head = Table.grid(padding=(0, 1))
        head.add_row(
            Text(self._run_id, style="bold"),
            ProgressBar(total=100, completed=self.state.progress, width=BAR_WIDTH),
            f"{self.state.progress:3d} %",
            Text(status.value, style=_RUN_STYLES.get(status, "yellow" if not status.ended else "red")),
        )
        return head

    def _table(self) -> RenderableType:
        """Return the table of as many nodes as the terminal has lines for: those in progress, then those that ended
        last.
        """
        table = Table.grid(padding=(0, 1))
        room = max(3, self._console.height - 5 - self._texts.height(self._console.width, self._console))
        nodes = {**self._nodes, **self.state.nodes}
        shown = list(nodes) if len(nodes) <= room else _most_telling(nodes, room)
        for name in shown:
            table.add_row(*self._row(name, nodes[name]))
        if len(shown) < len(nodes):
            table.add_row("", Text(f"and {len(nodes) - len(shown)} more nodes", style="dim"))
        return table

    def _row(self, name: str, node: NodeState) -> tuple[RenderableType, ...]:
        in_progress = node.status not in _MARKS
        mark: RenderableType = self._spinner if in_progress else Text(*_MARKS[node.status])
        percent = f"{node.percent} %" if in_progress and node.percent is not None else ""
        said = plain(node.error.message) if node.error is not None else self._said.get(name, "")
        status = node.status.value + (f" (attempt {node.attempt})" if node.attempt > 1 else "")
        return (
            mark,
            Text(name),
            Text(self._types.get(name, ""), style="dim"),
            Text(status),
            percent,
            _duration(node),
            Text(said, style="dim", overflow="ellipsis", no_wrap=True),
        )


def _most_telling(nodes: dict[str, NodeState], room: int) -> list[str]:
    def rank(name: str) -> tuple[int, float]:
        node = nodes[name]
        if node.status is NodeStatus.FAILED:
            return 0, 0.0
        if not node.status.settled and node.status is not NodeStatus.PENDING:
            return 1, 0.0
        return 2, -node.finished_at.timestamp() if node.finished_at else 0.0

    chosen = set(sorted(nodes, key=rank)[:room])
    return [name for name in nodes if name in chosen]


def _duration(node: NodeState) -> str:
    if node.started_at is None or node.finished_at is None:
        return ""
    return span((node.finished_at - node.started_at).total_seconds())


def _line(item: Event | Unavailable, progress: int) -> Text:
    """Return the line of an event. `progress` is the run's; that of the event may be its node's."""
    if isinstance(item, Unavailable):
        return Text(plain(item.message), style="yellow")
    return Text(f"{progress:3d} % {told(item)}{below(item)}")
