"""Graphs that were read lately, for their runs. A stored graph never changes, so what is here is never stale, and one
that was deleted is still that of its runs."""

from contextlib import suppress
from typing import TypeVar

from cachetools import LRUCache

from wand_orchestrator.storage import Store, StoredGraph

V = TypeVar("V")


class Recent(LRUCache[str, V]):
    """`maxsize` and `getsizeof` as in cachetools."""

    def keep(self, key: str, value: V) -> None:
        """Instead of what was not used for the longest time; passes over a value that is larger than all may be."""
        with suppress(ValueError):
            self[key] = value


MAX_NODES = 100_000
"""Nodes of all graphs kept, together."""


class GraphCache:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._graphs: Recent[StoredGraph] = Recent(MAX_NODES, lambda stored: len(stored.graph.nodes))

    async def get(self, graph_id: str) -> StoredGraph | None:
        """None if there is no such graph. Whether one that is here was deleted, is seen when a run of it is stored."""
        stored = self._graphs.get(graph_id)
        if stored is None:
            stored = await self._store.graphs.of_run(graph_id)
            if stored is not None:
                self._graphs.keep(graph_id, stored)
        return stored
