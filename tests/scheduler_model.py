"""The semantics of a graph, slow and obvious: looks at all edges again whenever something happens.

`Model` keeps what happened to each node, which edge each `join: first` took, and nothing that could be found out anew.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wand_orchestrator.graph import Edge, Graph, Node

UNJUDGED = object()
"""The edge is not judged at all: its source did not end in a way that it is for."""

BROKEN = "length(v)"
"""An expression that cannot be evaluated on anything that this model knows."""


class CannotBeEvaluated(Exception):
    pass


@dataclass(frozen=True)
class Ending:
    """`how`: succeeded, failed, skipped, cancelled, or, of a failure that nothing came of, lost."""

    how: str
    output: Any = None


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "@": lambda value: value,
    "type(@)": lambda value: type_of(value),
    "to_json(@)": lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False),
    "not_null(gone, 'none')": lambda value: "none",
    "if(error, 'bad', 'good')": lambda value: (
        "bad" if is_truthy(value.get("error") if isinstance(value, dict) else None) else "good"
    ),
    "error.code == 'E.1'": lambda value: value_at("error.code", value) == "E.1",
    "error.code == 'asked_to_fail'": lambda value: value_at("error.code", value) == "asked_to_fail",
    "error.code == 'event_timeout'": lambda value: value_at("error.code", value) == "event_timeout",
}
"""Expressions that are more than keys, as Python has them."""


def type_of(value: Any) -> str:
    names = {bool: "boolean", int: "number", str: "string", list: "array", dict: "object"}
    return "null" if value is None else names[type(value)]


def value_at(expression: str, value: Any) -> Any:
    if expression == BROKEN:
        raise CannotBeEvaluated
    if expression in FUNCTIONS:
        return FUNCTIONS[expression](value)
    for key in expression.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def is_truthy(value: Any) -> bool:
    return value is not None and value is not False and value not in ("", [], {})


@dataclass
class Model:
    graph: Graph
    error: dict[str, Any]
    """What edges on failure see, but for the failure of a node that an expression broke."""
    run_input: Any = None
    opened: bool = False
    ended: dict[str, Ending] = field(default_factory=dict)
    handled: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    running: set[str] = field(default_factory=set)
    spare: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)
    """Nodes that a retry keeps, whose edges have not had their turn yet."""
    started: dict[str, Edge | None] = field(default_factory=dict)
    """Nodes that are decided to run, with the one edge that a `join: first` took."""
    broken: set[str] = field(default_factory=set)
    run_failed: bool = False
    stopped: bool = False
    paused: bool = False
    errors: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What edges on failure of single nodes see."""

    def __post_init__(self) -> None:
        self.nodes = {node.id: node for node in self.graph.nodes}
        for node in self.graph.nodes:
            if not self.into(node.id):
                self.started[node.id] = None

    # What is seen

    def into(self, node: str) -> list[Edge]:
        return [edge for edge in self.graph.edges if edge.target == node]

    def out_of(self, node: str) -> list[Edge]:
        return [edge for edge in self.graph.edges if edge.source == node]

    def pending(self, node: str) -> bool:
        return node not in self.ended and node not in self.started

    def ready(self) -> set[str]:
        """Those that may be in flight."""
        return {node for node in self.started if node not in self.ended and node not in self.held}

    def skipped(self) -> set[str]:
        return {node for node, ending in self.ended.items() if ending.how == "skipped"}

    def input(self, node: str) -> dict[str, Any]:
        edge = self.started[node]
        given: dict[str, Any] = {}
        for one in self.into(node) if edge is None else [edge]:
            if edge is not None or self.taken(one):
                given |= {key: value_at(value, self.judged(one)) for key, value in one.map.items()}
        return given

    # What an edge is judged on, and whether it is taken

    def judged(self, edge: Edge) -> Any:
        if edge.source == "$input":
            return self.run_input if edge.on == "success" else UNJUDGED
        ending = self.ended[edge.source]
        if ending.how == "succeeded":
            seen = {"success": ending.output, "settled": {"output": ending.output, "error": None}}
        elif ending.how == "failed":
            of_all = {"code": "expression", "attempt": None} if edge.source in self.broken else self.error
            error = self.errors.get(edge.source, of_all)
            seen = {"failure": {"error": error}, "settled": {"output": None, "error": error}}
            if self.nodes[edge.source].optional:
                seen["success"] = None
        else:
            return UNJUDGED
        return seen.get(edge.on, UNJUDGED)

    def decided(self, edge: Edge) -> bool:
        if edge.source == "$input":
            return self.opened
        return edge.source in self.ended and edge.source not in self.kept

    def taken(self, edge: Edge) -> bool:
        """Of a decided edge. Raises CannotBeEvaluated."""
        value = self.judged(edge)
        if value is UNJUDGED:
            return False
        if edge.when == "otherwise":
            return not any(
                self.certainly_taken(arm)
                for arm in self.out_of(edge.source)
                if arm.on == edge.on and arm.when not in (None, "otherwise")
            )
        return edge.when is None or is_truthy(value_at(edge.when, value))

    def certainly_taken(self, edge: Edge) -> bool:
        try:
            return self.taken(edge)
        except CannotBeEvaluated:
            return False

    def maps(self, edge: Edge) -> bool:
        """Whether all that a taken edge maps can be evaluated."""
        return BROKEN not in edge.map.values()

    # What happens

    def open(self) -> None:
        self.opened = True
        self._follow([edge.target for edge in self.out_of("$input")])

    def end(self, node: str, how: str, output: Any = None) -> None:
        if how == "failed":
            self._follow(self._fail(node, may_be_held=True))
            return
        self.ended[node] = Ending(how, output)
        self.held.discard(node)
        self._follow([edge.target for edge in self.out_of(node)])

    def keep(self, outputs: dict[str, Any]) -> None:
        for node, output in outputs.items():
            self.ended[node] = Ending("succeeded", output)
            self.kept.add(node)
        touched: list[str] = []
        for node in outputs:
            if self.nodes[node].join == "first":
                self._close(node, touched)
        self._follow(touched)
        for node in outputs:
            self.kept.discard(node)
            self._follow([edge.target for edge in self.out_of(node)])

    def _follow(self, touched: list[str]) -> None:
        while touched:
            node = touched.pop(0)
            if self.pending(node):
                self._decide(self.nodes[node], touched)

    def _decide(self, node: Node, touched: list[str]) -> None:
        edges = [edge for edge in self.into(node.id) if self.decided(edge)]
        taken = [edge for edge in edges if self.certainly_taken(edge)]
        usable = [edge for edge in taken if self.maps(edge)]
        if node.join == "first" and usable:
            self.started[node.id] = usable[0]
            self._close(node.id, touched)
        elif len(edges) < len(self.into(node.id)):
            return
        elif len(usable) < len(taken) or any(self._cannot_be_judged(edge) for edge in edges):
            self.broken.add(node.id)
            touched += self._fail(node.id, may_be_held=False)
        elif taken if node.join != "all" else len(taken) == len(edges):
            self.started[node.id] = None
        else:
            self.ended[node.id] = Ending("skipped")
            touched += [edge.target for edge in self.out_of(node.id)]

    def _cannot_be_judged(self, edge: Edge) -> bool:
        try:
            self.taken(edge)
        except CannotBeEvaluated:
            return True
        return False

    def _fail(self, node: str, *, may_be_held: bool) -> list[str]:
        """Gives the nodes whose edges are thereby decided."""
        targets = [edge.target for edge in self.out_of(node)]
        self.ended[node] = Ending("failed")
        on_failure = self.graph.options.on_failure
        if node in self.spare:
            self.ended[node] = Ending("lost")
        elif any(edge.on != "success" and self.certainly_taken(edge) for edge in self.out_of(node)):
            self.handled.add(node)
        elif not self.nodes[node].optional:
            if on_failure == "pause" and may_be_held:
                del self.ended[node]
                self.held.add(node)
                return []
            self.ended[node] = Ending("lost")
            self.run_failed = True
            self.stopped = on_failure != "continue"
        return targets

    def _close(self, node: str, touched: list[str]) -> None:
        """The node waits for no edge any more: what only led to it is not needed."""
        for edge in self.into(node):
            source = edge.source
            if (
                edge.on == "failure"
                or source == "$input"
                or source in self.ended
                or source in self.graph.effective_sinks()
            ):
                continue
            if any(self.pending(out.target) for out in self.out_of(source) if out.on != "failure"):
                continue
            if source in self.running:
                self.spare.add(source)
                continue
            pending = self.pending(source)
            self.held.discard(source)
            self.ended[source] = Ending("skipped")
            touched += [out.target for out in self.out_of(source)]
            if pending:
                self._close(source, touched)
