"""Defines what is drawn of a graph, whatever it is drawn with: boxes and the lines between them.

The source is the document as it was written: one with faults is drawn as far as it can be.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wand_orchestrator.contract.state import NodeStatus
from wand_orchestrator.drawing.folding import grouped
from wand_orchestrator.drawing.line_state import LineState, line_state
from wand_orchestrator.graph import INPUT_SOURCE

MAX_BOXES = 150
"""A document with more nodes is folded: nodes of one layer and one type are one box."""

MAX_LINES = 400
"""A document with more lines between its nodes is folded, too: each makes its way through all layers that it passes,
and Mermaid draws no more than 500.
"""

MISSING = "missing"
"""The type of a node that an edge names and that the document does not have."""


@dataclass(frozen=True)
class DrawnNode:
    """How far a node of a run is. `detail`: a few words, such as `attempt 2`; `reason`: why it failed, or does not go
    on.
    """

    status: NodeStatus
    detail: str = ""
    handled: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Box:
    """A node, or `count` nodes of one type. `status` is None where no run is drawn; `sink`: its output is a result.
    `reason`: why it failed, or does not go on.
    """

    key: str
    title: str
    type: str
    count: int = 1
    status: NodeStatus | None = None
    detail: str = ""
    sink: bool = False
    faulty: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Line:
    """Edges from one box to another. `label`: its condition; `tip`: what it carries, a line each."""

    source: str
    target: str
    label: str = ""
    tip: tuple[str, ...] = ()
    on: str = "success"
    state: LineState = "open"


@dataclass(frozen=True)
class Picture:
    title: str
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    folded: int = field(default=0)
    """How many nodes stand in boxes with others."""

    faults: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know besides, a sentence each."""
        return (
            *([f"{self.folded} nodes are folded by layer and type"] if self.folded else []),
            *([f"{self.faults} fault{'' if self.faults == 1 else 's'}"] if self.faults else []),
        )


def picture_of(
    document: Mapping[str, Any],
    node_of: Callable[[str], DrawnNode | None] | None = None,
    faulty: Sequence[str] = (),
    faults: int = 0,
) -> Picture:
    """Return the picture of a graph's document. `node_of`: how far a node of the run is that is drawn; `faulty`: ids of
    nodes in which a fault was found; `faults`: how many there are in the document.
    """
    edges = _edges(document)
    ends = [(edge["from"], edge["to"], _on(edge)) for edge in edges]
    nodes = _nodes(document)
    others = [name for end in ends for name in end[:2] if name not in nodes]
    nodes = {name: {"id": name, "type": MISSING} for name in others} | nodes
    many = len(nodes) > MAX_BOXES or len(set(ends)) > MAX_LINES
    groups = grouped(_types(nodes), ends, MAX_LINES) if many else [[name] for name in nodes]
    box_of = {name: group[0] for group in groups for name in group}
    marked = frozenset(faulty)
    sinks = _sinks(document, nodes, ends)
    return Picture(
        title=_text(document.get("name")) or "a graph",
        boxes=tuple(_box(group, nodes, node_of, sinks, marked) for group in groups),
        lines=tuple(_lines(edges, nodes, box_of, node_of)),
        folded=sum(len(group) for group in groups if len(group) > 1),
        faults=faults,
    )


def _nodes(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    nodes: dict[str, Mapping[str, Any]] = {}
    for node in _list(document.get("nodes")):
        if isinstance(node, Mapping) and isinstance(node.get("id"), str):
            nodes.setdefault(node["id"], node)
    return nodes


def _edges(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    edges = [edge for edge in _list(document.get("edges")) if isinstance(edge, Mapping)]
    return [edge for edge in edges if isinstance(edge.get("from"), str) and isinstance(edge.get("to"), str)]


def _on(edge: Mapping[str, Any]) -> str:
    return on if (on := _text(edge.get("on"))) in ("failure", "settled") else "success"


def _sinks(document: Mapping[str, Any], nodes: Mapping[str, Any], ends: Sequence[tuple[str, str, str]]) -> set[str]:
    """The sinks as given, or all nodes without an outgoing edge on success (`Graph.effective_sinks`)."""
    given = {name for name in _list(document.get("sinks")) if isinstance(name, str)}
    known = {name for name, node in nodes.items() if node.get("type") != MISSING}
    return given or known - {source for source, _, on in ends if on == "success"}


def _shown_type(node: Mapping[str, Any]) -> str:
    """The type, and for a control node what it runs, such as `flow.map: agent.fetch`."""
    params = node.get("params")
    named = [_text(params.get(key)) for key in ("agent", "graph")] if isinstance(params, Mapping) else []
    type = _text(node.get("type"))
    target = next((name for name in named if name), "") if type.startswith("flow.") else ""
    return f"{type}: {target}" if target else type


def _types(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: _shown_type(node) for name, node in nodes.items()}


def _box(
    group: Sequence[str],
    nodes: Mapping[str, Mapping[str, Any]],
    node_of: Callable[[str], DrawnNode | None] | None,
    sinks: set[str],
    faulty: frozenset[str],
) -> Box:
    key = group[0]
    type = "the run's input" if key == INPUT_SOURCE else _shown_type(nodes[key])
    drawn = {name: node_of(name) or DrawnNode(NodeStatus.PENDING) for name in group} if node_of else {}
    status = _gravest([node.status for node in drawn.values()]) if drawn and key != INPUT_SOURCE else None
    many = len(group) > 1
    return Box(
        key=key,
        title=f"{len(group)} \u00d7 {type}" if many else key,
        type=type,
        count=len(group),
        status=status,
        detail=_counts(list(drawn.values())) if many else (drawn[key].detail if drawn else ""),
        sink=bool(sinks.intersection(group)),
        faulty=any(name in faulty for name in group) or type == MISSING,
        reason="" if many or key not in drawn else drawn[key].reason,
    )


_GRAVEST = (
    NodeStatus.FAILED,
    NodeStatus.WAITING,
    NodeStatus.RETRYING,
    NodeStatus.RUNNING,
    NodeStatus.SCHEDULED,
    NodeStatus.PENDING,
    NodeStatus.CANCELLED,
    NodeStatus.SKIPPED,
    NodeStatus.SUCCEEDED,
)


def _gravest(statuses: Sequence[NodeStatus]) -> NodeStatus:
    return min(statuses, key=_GRAVEST.index)


def _counts(drawn: Sequence[DrawnNode]) -> str:
    numbers = {status: sum(node.status is status for node in drawn) for status in _GRAVEST}
    return ", ".join(f"{number} {status}" for status, number in numbers.items() if number)


def _lines(
    edges: Sequence[Mapping[str, Any]],
    nodes: Mapping[str, Mapping[str, Any]],
    box_of: Mapping[str, str],
    node_of: Callable[[str], DrawnNode | None] | None,
) -> list[Line]:
    together: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for edge in edges:
        source, target, on = box_of[edge["from"]], box_of[edge["to"]], _on(edge)
        if source != target:
            together.setdefault((source, target, on), []).append(edge)
    return [
        Line(source, target, _label(found), _tip(found[0]), on, _state_of(found, nodes, node_of))
        for (source, target, on), found in together.items()
    ]


def _state_of(
    edges: Sequence[Mapping[str, Any]],
    nodes: Mapping[str, Mapping[str, Any]],
    node_of: Callable[[str], DrawnNode | None] | None,
) -> LineState:
    if node_of is None:
        return "open"
    states = {line_state(edge, node_of(edge["from"]), node_of(edge["to"]), nodes) for edge in edges}
    order: tuple[LineState, ...] = ("taken", "perhaps", "open", "not taken")
    return next(state for state in order if state in states)


def _label(edges: Sequence[Mapping[str, Any]]) -> str:
    edge = edges[0]
    on, when = _text(edge.get("on")), _text(edge.get("when"))
    parts = [f"{len(edges)} edges" if len(edges) > 1 else "", f"on {on}" if on not in ("", "success") else ""]
    parts.append("otherwise" if when == "otherwise" else f"when {when}" if when else "")
    return ", ".join(part for part in parts if part)


def _tip(edge: Mapping[str, Any]) -> tuple[str, ...]:
    carried = edge.get("map")
    return tuple(f"{key}: {value}" for key, value in carried.items()) if isinstance(carried, Mapping) else ()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else list(value) if isinstance(value, tuple) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
