"""Deletes stored graphs. Their runs keep them: a deleted graph is only not found, listed or started any more."""

from wand_orchestrator.api.schedules.schedules import Schedules
from wand_orchestrator.errors import Conflict
from wand_orchestrator.storage import Store, no_graph


class GraphInUse(Conflict):
    """A schedule runs the graph."""

    code = "graph_in_use"


class GraphDeletion:
    def __init__(self, store: Store, schedules: Schedules) -> None:
        self._store = store
        self._schedules = schedules

    async def delete(self, graph_id: str) -> None:
        """Delete a graph. Raises NotFound, GraphInUse, Unavailable."""
        graph = await self._store.graphs.get(graph_id)
        if graph is None:
            raise no_graph(graph_id)
        newest = await self._store.graphs.latest(graph.name)
        schedule_id = await self._schedules.using(graph, newest=newest is None or newest.graph_id == graph_id)
        if schedule_id is not None:
            raise GraphInUse(
                f"the schedule {schedule_id} runs this graph: delete the schedule first, or post the next version of "
                "the graph if the schedule names it by name",
                schedule_id=schedule_id,
            )
        if not await self._store.graphs.delete(graph_id):
            raise no_graph(graph_id)
