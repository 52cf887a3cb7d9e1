"""Defines shapes of graphs that every contender understands: layers of nodes that all do the same small work."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """A graph in layers: nodes of a layer may run once those of the layer before have ended; each adds one to its
    input.

    `short`: for Wand, agents that run as local activities.
    """

    layers: tuple[int, ...]
    short: bool = False

    @property
    def nodes(self) -> int:
        return sum(self.layers)

    @property
    def name(self) -> str:
        kind = "short" if self.short else "step"
        return f"{kind}-{len(self.layers)}x{max(self.layers)}"


def chain(length: int, *, short: bool = False) -> Shape:
    return Shape((1,) * length, short)


def fan(width: int) -> Shape:
    """Return the shape 1 -> width -> 1."""
    return Shape((1, width, 1))


def layered(layers: int, width: int) -> Shape:
    return Shape((width,) * layers)


def graph_of(shape: Shape) -> Json:
    """Return the shape as a graph of Wand, in which only edges hold nodes back."""
    agent = "bench.short" if shape.short else "bench.step"
    ids = [[f"n{layer}_{place}" for place in range(width)] for layer, width in enumerate(shape.layers)]
    edges = [edge for above, below in pairwise(ids) for edge in _edges(above, below)]
    return {
        "name": shape.name,
        "nodes": [{"id": name, "type": agent} for layer in ids for name in layer],
        "edges": edges,
        "options": {"concurrency": max(shape.layers)},
        "sinks": [ids[-1][0]],
    }


def _edges(above: list[str], below: list[str]) -> list[Json]:
    """Return the edges between two layers. The value comes from one node above; between two wide layers a node waits
    for two, as all pairs would be 10,000 edges a layer, which no contender needs to separate the layers.
    """
    if min(len(above), len(below)) == 1:
        pairs = [(source, target) for target in below for source in above]
    else:
        pairs = [(above[(place + step) % len(above)], target) for place, target in enumerate(below) for step in (0, 1)]
    return [_edge(source, target, carries=_carries(source, above, target, below)) for source, target in pairs]


def _carries(source: str, above: list[str], target: str, below: list[str]) -> bool:
    return above.index(source) == below.index(target) % len(above)


def _edge(source: str, target: str, *, carries: bool) -> Json:
    return {"from": source, "to": target} | ({"map": {"value": "value"}} if carries else {})


def stamped(nodes: int, pause_sec: float) -> Json:
    """Return a chain whose nodes take `pause_sec` each and return the time of their return."""
    names = [f"s{place}" for place in range(nodes)]
    return {
        "name": f"stamped-{nodes}",
        "nodes": [{"id": name, "type": "bench.stamp", "params": {"pause_sec": pause_sec}} for name in names],
        "edges": [{"from": source, "to": target} for source, target in pairwise(names)],
        "sinks": names,
    }


def telling(nodes: int, pieces: int, pause_sec: float, *, emits: bool = True) -> Json:
    """Return a graph of independent nodes that emit as many lines, with a pause behind each; or that only make them."""
    params = {"pieces": pieces, "pause_sec": pause_sec, "emits": emits}
    return {
        "name": f"telling-{nodes}-{pieces}{'' if emits else '-silent'}",
        "nodes": [{"id": f"t{place}", "type": "bench.tell", "params": params} for place in range(nodes)],
        "options": {"concurrency": nodes, "default_timeout_sec": 300},
    }


def computing(nodes: int, cpu_sec: float) -> Json:
    """Return a graph of independent nodes that compute for that long each."""
    return {
        "name": f"computing-{nodes}",
        "nodes": [
            {"id": f"c{place}", "type": "bench.compute", "params": {"cpu_sec": cpu_sec}} for place in range(nodes)
        ],
        "options": {"concurrency": nodes},
    }


def bulky(nodes: int, size_bytes: int) -> Json:
    """Return a chain along which as many outputs of that size are passed, weighed at its end."""
    names = [f"b{place}" for place in range(nodes)]
    hops = zip(names, [*names[1:], "weigh"], strict=True)
    return {
        "name": f"bulky-{nodes}",
        "nodes": [
            *({"id": name, "type": "bench.bulk", "params": {"bytes": size_bytes}} for name in names),
            {"id": "weigh", "type": "bench.weigh"},
        ],
        "edges": [{"from": source, "to": target, "map": {"blob": "blob"}} for source, target in hops],
    }
