"""Reads the input of a run from its history: the argument of `GraphRun`, a snapshot of some megabytes.

It never changes, and a run that goes on in a new history brings the same bytes along. So it is read once for all of
them, and for a replay after its workflow was dropped from the cache, as long as somebody still has it. A large one is
read before the step of the workflow that needs it, and in slices: heartbeats wait for one slice at most.
"""

import hashlib
import threading
from collections import OrderedDict
from typing import Any
from weakref import WeakValueDictionary

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from wand_orchestrator.contract.run import (
    RunInput,
    RunOrder,
)
from wand_orchestrator.graph import Edge, Graph, Node

LARGE_BYTES = 64 * 1024
"""A smaller one is read as fast as it is found."""


READ_AHEAD = 4
"""So many are kept until the step that needs them comes; of more that begin at once, the oldest are read in theirs."""

_SLICE = 1000
_BEGINS = b'{"graph":'
_NODES, _EDGES = TypeAdapter(tuple[Node, ...]), TypeAdapter(tuple[Edge, ...])


class _Inputs:
    """Caches the inputs in use, those read ahead, and the last one, which nothing holds between two histories."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: WeakValueDictionary[bytes, RunInput] = WeakValueDictionary()
        self._ahead: OrderedDict[bytes, RunInput] = OrderedDict()
        self._last: RunInput | None = None

    def get(self, data: bytes) -> RunInput:
        digest = hashlib.sha256(data).digest()
        run = self._known(digest) or RunInput.model_validate_json(data)
        with self._lock:
            self._ahead.pop(digest, None)
            self._last = self._read.setdefault(digest, run)
            return self._last

    def read_ahead(self, data: bytes) -> None:
        digest = hashlib.sha256(data).digest()
        run = self._known(digest) or _in_slices(data)
        with self._lock:
            self._ahead[digest] = self._read.setdefault(digest, run)
            if len(self._ahead) > READ_AHEAD:
                self._ahead.popitem(last=False)

    def _known(self, digest: bytes) -> RunInput | None:
        with self._lock:
            return self._read.get(digest)


_inputs = _Inputs()


def read_ahead(data: bytes) -> None:
    """Reads a large input of a run, for who is about to ask `read_order` for it; of anything else nothing comes."""
    if len(data) < LARGE_BYTES or not data.startswith(_BEGINS):
        return
    try:
        _inputs.read_ahead(data)
    except (ValueError, TypeError, KeyError):  # the step that needs it tells what is wrong with it
        return


def _in_slices(data: bytes) -> RunInput:
    """Return what `RunInput.model_validate_json` returns. Raises ValueError, TypeError, KeyError."""
    document = from_json(data)
    graphs = document.pop("subgraphs", None) or {}
    small, graph = _without_most(document["graph"])
    run = RunInput.model_validate(document | {"graph": small})
    subgraphs = {name: _graph_in_slices(other) for name, other in graphs.items()}
    changes = {"graph": _completed(run.graph, graph)} | ({"subgraphs": subgraphs} if subgraphs else {})
    return run.model_copy(update=changes)


def _graph_in_slices(document: dict[str, Any]) -> Graph:
    small, document = _without_most(document)
    return _completed(Graph.model_validate(small), document)


def _without_most(graph: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the graph with its first node alone, with which all but nodes and edges is validated, and the graph
    itself.
    """
    return graph | {"nodes": graph["nodes"][:1]} | ({"edges": []} if "edges" in graph else {}), graph


def _completed(graph: Graph, document: dict[str, Any]) -> Graph:
    nodes: tuple[Node, ...] = _sliced(_NODES, document["nodes"])
    edges: tuple[Edge, ...] = _sliced(_EDGES, document.get("edges", ()))
    return graph.model_copy(update={"nodes": nodes} | ({"edges": edges} if edges else {}))


def _sliced(kind: TypeAdapter[Any], items: list[Any]) -> tuple[Any, ...]:
    """Validate the items in slices, as pydantic lets no other thread run while it validates."""
    slices = (items[start : start + _SLICE] for start in range(0, len(items), _SLICE))
    return tuple(item for some in slices for item in kind.validate_python(some))


def read_order(data: bytes) -> RunInput | RunOrder:
    """Return what this JSON orders: a graph to run, or the name of one. The result is shared and must not
    be changed.

    Raises ValueError, pydantic's ValidationError among them, for what orders neither.
    """
    try:
        return RunInput.model_validate_json(data) if len(data) < LARGE_BYTES else _inputs.get(data)
    except ValidationError:  # of an order, or of what is no run
        return order_in(from_json(data))


def order_in(document: Any) -> RunInput | RunOrder:
    """Return what this value orders, like `read_order`. Raises ValueError."""
    if not isinstance(document, dict):
        raise ValueError("the input has to be an object with `graph`, `graph_id` or `graph_name`")
    return RunInput.model_validate(document) if "graph" in document else RunOrder.model_validate(document)
