"""Defines what the API accepts and returns of graphs."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from wand_orchestrator.api.http.moments import Moment
from wand_orchestrator.api.http.openapi import SHOWN_AS
from wand_orchestrator.api.http.problems import ProblemFault
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.graph import Graph
from wand_orchestrator.storage import GraphHead, GraphName, StoredGraph


class _ShownAsGraph:
    """Shows a field in OpenAPI as the component Graph; pydantic does not validate it, because a graph's check finds
    more.
    """

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {SHOWN_AS: Graph.__name__}


GraphDocument = Annotated[dict[str, Any], _ShownAsGraph()]


class GraphCreated(BaseModel):
    graph_id: str
    name: str
    version: int = Field(description="Counts up under a name, from 1.")
    warnings: list[ProblemFault] = Field(default_factory=list)


class GraphChecked(BaseModel):
    valid: bool
    faults: list[ProblemFault]
    warnings: list[ProblemFault]
    document: Any = Field(default=None, description="Only with `document=true`: what the text says, as JSON.")


class GraphSummary(BaseModel):
    graph_id: str
    name: str
    version: int
    created_at: Moment

    @classmethod
    def of(cls, head: GraphHead) -> "GraphSummary":
        return cls(graph_id=head.graph_id, name=head.name, version=head.version, created_at=head.created_at)


class NamedRun(BaseModel):
    """The last run of any version of a name."""

    run_id: str
    status: RunStatus
    created_at: Moment


class NamedGraph(BaseModel):
    """A name of stored graphs. `versions`: how many there are; deleted ones do not count."""

    name: str
    newest: GraphSummary
    versions: int
    last_run: NamedRun | None = Field(description="Of any of its versions; null if there is none.")

    @classmethod
    def of(cls, known: GraphName) -> "NamedGraph":
        run = known.last_run
        return cls(
            name=known.newest.name,
            newest=GraphSummary.of(known.newest),
            versions=known.versions,
            last_run=None if run is None else NamedRun(**vars(run)),
        )


class GraphNamePage(BaseModel):
    """A page of names, in alphabetical order. `next`: the `cursor` of the next page; null on the last."""

    names: list[NamedGraph]
    next: str | None


def document_of(graph: Graph) -> GraphDocument:
    """Return the document of a graph as it was posted: without the defaults."""
    return graph.model_dump(mode="json", by_alias=True, exclude_unset=True)


class GraphView(GraphSummary):
    graph: GraphDocument

    @classmethod
    def of_stored(cls, stored: StoredGraph) -> "GraphView":
        """Return the view of a stored graph, whose document is as it was posted: without the defaults."""
        return cls(**GraphSummary.of(stored).model_dump(), graph=document_of(stored.graph))


class GraphPage(BaseModel):
    """A page of graphs, newest first. `next`: the `cursor` of the next page; null on the last."""

    graphs: list[GraphSummary]
    next: str | None
