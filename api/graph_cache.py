"""Graphs that were read lately. A stored graph never changes, so what is here is never stale."""

from collections import OrderedDict

from wand_orchestrator.storage import Store, StoredGraph

MAX_NODES = 100_000
"""Nodes of all graphs kept, together."""


class GraphCache:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._graphs: OrderedDict[str, StoredGraph] = OrderedDict()
        self._nodes = 0

    async def get(self, graph_id: str) -> StoredGraph | None:
        """None if there is no such graph."""
        if (known := self._graphs.get(graph_id)) is not None:
            self._graphs.move_to_end(graph_id)
            return known
        stored = await self._store.graphs.get(graph_id)
        if stored is None:
            return None
        self._keep(graph_id, stored)
        return stored

    def _keep(self, graph_id: str, stored: StoredGraph) -> None:
        if graph_id in self._graphs:
            return
        self._graphs[graph_id] = stored
        self._nodes += len(stored.graph.nodes)
        while self._nodes > MAX_NODES and len(self._graphs) > 1:
            _, oldest = self._graphs.popitem(last=False)
            self._nodes -= len(oldest.graph.nodes)
