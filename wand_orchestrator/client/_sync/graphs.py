"""Calls about graphs."""

from collections.abc import Iterator

from wand_orchestrator.client._sync.connection import ApiConnection
from wand_orchestrator.client._sync.paging import entries
from wand_orchestrator.client.answers.graphs import (
    GraphChecked,
    GraphCreated,
    GraphNamePage,
    GraphPage,
    GraphSummary,
    GraphView,
    NamedGraph,
)
from wand_orchestrator.client.run_request import GraphLike, PictureFormat, document_of


class GraphCalls:
    """Graphs that are stored. Each is a version of its name, and never changes."""

    def __init__(self, connection: ApiConnection) -> None:
        self._connection = connection

    def create(self, graph: GraphLike) -> GraphCreated:
        """Store a graph as the next version of its name. Raises GraphFaults with all of its faults."""
        return self._connection.post(GraphCreated, "create_graph", document_of(graph))

    def validate(self, graph: GraphLike) -> GraphChecked:
        """Return the faults and warnings of a graph; nothing is stored."""
        return self._connection.post(GraphChecked, "validate_graph", document_of(graph))

    def get(self, graph_id: str) -> GraphView:
        """Return a graph with its document. Raises NotFound."""
        return self._connection.get(GraphView, "get_graph", graph_id=graph_id)

    def list(self, *, name: str | None = None, limit: int | None = None) -> Iterator[GraphSummary]:
        """Iterate over graphs, newest first; with `name`, over the versions of this name."""
        return entries(self._connection, GraphPage, lambda page: page.graphs, "list_graphs", {"name": name}, limit)

    def names(self, *, search: str | None = None, limit: int | None = None) -> Iterator[NamedGraph]:
        """Iterate over the names of graphs, in alphabetical order; with `search`, over those that contain it."""
        query = {"search": search}
        return entries(self._connection, GraphNamePage, lambda page: page.names, "list_graph_names", query, limit)

    def draw(self, graph: str | GraphLike, *, format: PictureFormat = "svg") -> str:
        """Return the picture of a graph as SVG or Mermaid: of the one with this id, or of one that is not stored, in
        which nodes with faults are marked.
        """
        query = {"format": format}
        if isinstance(graph, str):
            return self._connection.text("get_graph", query=query, graph_id=graph)
        answer = self._connection.send("validate_graph", {}, params=query, json=document_of(graph))
        return answer.text

    def delete(self, graph_id: str) -> None:
        """Delete a graph; its runs stay. Raises NotFound, and Conflict while a schedule or hook runs it."""
        self._connection.send("delete_graph", {"graph_id": graph_id})
