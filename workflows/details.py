"""The run as Markdown, for the Temporal Web UI's "current details" and `temporal workflow metadata`."""

from collections.abc import Iterable

from wand_orchestrator.graph import Graph, Node
from wand_orchestrator.state import NodeState, RunState

MAX_ROWS = 40
"""A larger graph shows what is not simply done or waiting, and counts the rest."""


def details(graph: Graph, state: RunState, in_flight: Iterable[str]) -> str:
    """One line for the run, then a table of its nodes; O(MAX_ROWS) for a large graph."""
    lines = [f"**{graph.name}** · {state.status} · {state.progress}%"]
    if state.error is not None:
        lines.append(f"\n{state.error.code}: {_cell(state.error.message)}")
    nodes = graph.nodes if len(graph.nodes) <= MAX_ROWS else _noteworthy(graph, in_flight)
    lines += ["", "| node | agent | status | attempt | note |", "|---|---|---|---|---|"]
    lines += [_row(node, state.nodes.get(node.id, _PENDING)) for node in nodes]
    if len(graph.nodes) > len(nodes):
        lines.append(f"\n{len(graph.nodes)} nodes, of which those in flight are shown.")
    return "\n".join(lines)


_PENDING = NodeState()


def _noteworthy(graph: Graph, in_flight: Iterable[str]) -> list[Node]:
    wanted = set(list(in_flight)[:MAX_ROWS])
    return [node for node in graph.nodes if node.id in wanted] if wanted else []


def _row(node: Node, state: NodeState) -> str:
    note = state.error.message if state.error else (f"{state.percent}%" if state.percent is not None else "")
    return f"| {_cell(node.id)} | {_cell(node.type)} | {state.status} | {state.attempt or ''} | {_cell(note)} |"


def _cell(text: str) -> str:
    """Text that cannot break the table."""
    return " ".join(text.split()).replace("|", "\\|")[:200]
