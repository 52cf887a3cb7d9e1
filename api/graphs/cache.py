"""Caches stored graphs for their runs. A stored graph never changes, so the cache is never stale; a deleted graph
remains that of its runs.
"""

from contextlib import suppress
from typing import TypeVar

from cachetools import LRUCache

from wand_orchestrator.storage import Store, StoredGraph

V = TypeVar("V")


class Recent(LRUCache[str, V]):
    """Caches what was used recently; `maxsize` and `getsizeof` as in cachetools."""

    def keep(self, key: str, value: V) -> None:
        """Add the value, in place of those not used for the longest time; a value larger than
        `maxsize` is not added.
        """
        with suppress(ValueError):
            self[key] = value


MAX_NODES = 100_000
"""Nodes of all graphs kept, together."""


class GraphCache:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._graphs: Recent[StoredGraph] = Recent(MAX_NODES, lambda stored: len(stored.graph.nodes))

    async def get(self, graph_id: str) -> StoredGraph | None:
        """Return the graph; None if there is none. It may have been deleted, which is detected when a run of it is
        stored.
        """
        stored = self._graphs.get(graph_id)
        if stored is None:
            stored = await self._store.graphs.of_run(graph_id)
            if stored is not None:
                self._graphs.keep(graph_id, stored)
        return stored
