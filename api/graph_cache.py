"""Graphs that were read lately. A stored graph never changes, so what is here is never stale."""

from api.recent import Recent
from wand_orchestrator.storage import Store, StoredGraph

MAX_NODES = 100_000
"""Nodes of all graphs kept, together."""


class GraphCache:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._graphs: Recent[StoredGraph] = Recent(MAX_NODES, lambda stored: len(stored.graph.nodes))

    async def get(self, graph_id: str) -> StoredGraph | None:
        """None if there is no such graph."""
        stored = self._graphs.get(graph_id)
        if stored is None:
            stored = await self._store.graphs.get(graph_id)
            if stored is not None:
                self._graphs.keep(graph_id, stored)
        return stored
