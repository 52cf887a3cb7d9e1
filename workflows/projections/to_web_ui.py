"""The run as Markdown, for the Temporal Web UI's "current details" and `temporal workflow metadata`."""

from collections.abc import Callable, Iterable
from itertools import islice

from wand_orchestrator.contract.state import NodeState, RunState
from wand_orchestrator.graph import Graph, Node

MAX_ROWS = 40
"""A larger graph shows what is in flight."""

GAP = "\N{NO-BREAK SPACE}" * 3


class Details:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._nodes = {node.id: node for node in graph.nodes}

    def text(self, state: RunState, in_flight: Iterable[str], asks: Callable[[str], str] = lambda _: "") -> str:
        """Return one line for the run and a table of its nodes; takes O(MAX_ROWS) for a large graph.

        `asks`: what a node in flight asks for, for people; empty if it asks for nothing.
        """
        lines = [f"**{self._graph.name}** · {state.status} · {state.progress}%"]
        if state.error is not None:
            lines.append(f"\n{state.error.code}: {_cell(state.error.message)}")
        shown = self._shown(in_flight)
        lines += ["", _cells("node", "agent", "status", "attempt", "note"), "|---|---|---|---|---|"]
        lines += [_row(node, state.nodes.get(node.id, _PENDING), _asked(node.id, state, asks)) for node in shown]
        if len(self._nodes) > MAX_ROWS:
            lines.append(f"\n{len(self._nodes)} nodes, of which those in flight are shown, {MAX_ROWS} at most.")
        return "\n".join(lines)

    def _shown(self, in_flight: Iterable[str]) -> list[Node]:
        if len(self._nodes) <= MAX_ROWS:
            return list(self._nodes.values())
        return [self._nodes[node] for node in islice(in_flight, MAX_ROWS)]


_PENDING = NodeState()


def _asked(node: str, state: RunState, asks: Callable[[str], str]) -> str:
    """Return what the node asks for, or one in the child run that it waits for."""
    question = state.questions.get(node)
    if question is None or question.run_id is None:
        return asks(node)
    wanted = "an answer" if question.event is None else f"the event {question.event}"
    return f"{question.node} of {question.run_id} waits for {wanted}"


def _row(node: Node, state: NodeState, asked: str) -> str:
    note = state.error.message if state.error else (f"{state.percent}%" if state.percent is not None else asked)
    return _cells(_cell(node.id), _cell(node.type), state.status, str(state.attempt or ""), _cell(note))


def _cells(*texts: str) -> str:
    """Return a table row, padded as the Web UI puts no space between columns."""
    return "".join(f"| {text}{GAP}" for text in texts) + "|"


def _cell(text: str) -> str:
    """Return the text without what would break the table."""
    return " ".join(text.split()).replace("|", "\\|")[:200]
