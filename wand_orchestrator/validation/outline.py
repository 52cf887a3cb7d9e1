"""Reads what is readable of a graph document despite its faults, so that one fault does not hide the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wand_orchestrator.graph import OTHERWISE
from wand_orchestrator.graphs.references import LITERAL_KEY, reference_key
from wand_orchestrator.validation.pointer import Part


@dataclass(frozen=True, slots=True)
class NodeOutline:
    """The readable parts of a node; None for a part that is missing or of the wrong type.

    `params_at`: where the params lie; the node itself where it has none.
    """

    index: int
    id: str | None
    type: str | None
    params: dict[str, Any] | None
    params_at: tuple[Part, ...]
    input: dict[str, Any] | None
    queue: str | None
    rate: str | None
    optional: bool
    join: str

    @property
    def name(self) -> str:
        return self.id if self.id is not None else f"number {self.index}"


@dataclass(frozen=True, slots=True)
class EdgeOutline:
    """The readable parts of an edge. `map` is None if it is no object; its values may be anything."""

    index: int
    source: str | None
    target: str | None
    map: dict[str, Any] | None
    when: str | None
    on: str

    @property
    def is_otherwise(self) -> bool:
        return self.when == OTHERWISE


@dataclass(frozen=True, slots=True)
class Outline:
    """The readable parts of a graph. `by_id` contains the first node of each id; `sinks` are texts
    with their indexes.
    """

    nodes: tuple[NodeOutline, ...]
    edges: tuple[EdgeOutline, ...]
    sinks: tuple[tuple[int, str], ...]
    by_id: Mapping[str, NodeOutline]

    @classmethod
    def of(cls, document: Any) -> "Outline":
        nodes = tuple(_node(index, value) for index, value in _objects(document, "nodes"))
        by_id: dict[str, NodeOutline] = {}
        for node in nodes:
            if node.id is not None:
                by_id.setdefault(node.id, node)
        return cls(
            nodes=nodes,
            edges=tuple(_edge(index, value) for index, value in _objects(document, "edges")),
            sinks=tuple((index, sink) for index, sink in enumerate(_list(document, "sinks")) if isinstance(sink, str)),
            by_id=by_id,
        )


def _node(index: int, value: dict[str, Any]) -> NodeOutline:
    params, input = value.get("params", {}), value.get("input", {})
    return NodeOutline(
        index=index,
        id=_text(value.get("id")),
        type=_text(value.get("type")),
        params=params if _is_object(params) else None,
        params_at=("nodes", index, "params") if "params" in value else ("nodes", index),
        input=input if _is_object(input) else None,
        queue=_text(value.get("queue")),
        rate=_text(value.get("rate")),
        optional=value.get("optional") is True,
        join=_text(value.get("join")) or "all",
    )


def _is_object(value: Any) -> bool:
    """Return whether the value is an object when it is given to a node, also as a `$literal`."""
    return isinstance(value, dict) and (reference_key(value) != LITERAL_KEY or isinstance(value[LITERAL_KEY], dict))


def _edge(index: int, value: dict[str, Any]) -> EdgeOutline:
    carried = value.get("map", {})
    return EdgeOutline(
        index=index,
        source=_text(value.get("from")),
        target=_text(value.get("to")),
        map=carried if isinstance(carried, dict) else None,
        when=_text(value.get("when")),
        on=_text(value.get("on")) or "success",
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _list(document: Any, key: str) -> list[Any]:
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, list) else []


def _objects(document: Any, key: str) -> list[tuple[int, dict[str, Any]]]:
    return [(index, value) for index, value in enumerate(_list(document, key)) if isinstance(value, dict)]
