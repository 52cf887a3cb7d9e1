"""Routes of graphs. A stored graph never changes; the same name again is the next version."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from wand_orchestrator.api.graphs.models import (
    GraphChecked,
    GraphCreated,
    GraphDocument,
    GraphPage,
    GraphSummary,
    GraphView,
)
from wand_orchestrator.api.http import examples
from wand_orchestrator.api.http.document_body import YAML_BODY, DocumentRoute
from wand_orchestrator.api.http.problems import ProblemFault, declared
from wand_orchestrator.api.services import Cursor, Limit, ServicesDep
from wand_orchestrator.storage import no_graph

router = APIRouter(prefix="/graphs", tags=["graphs"], route_class=DocumentRoute, responses=declared(401, 503))

GraphIdPath = Annotated[str, Path(max_length=200, description="The id of one version of a graph.")]
GraphBody = Annotated[GraphDocument, Body(openapi_examples=examples.GRAPHS)]


@router.post("", status_code=201, openapi_extra=YAML_BODY)
async def create_graph(document: GraphBody, services: ServicesDep, response: Response) -> GraphCreated:
    """Check a graph and store it as the next version of its name. For an invalid graph the answer contains all of its
    faults.
    """
    graph, warnings = await services.graph_check.require(document)
    stored = await services.store.graphs.add(graph, document)
    response.headers["Location"] = f"/graphs/{stored.graph_id}"
    return GraphCreated(
        graph_id=stored.graph_id,
        name=stored.name,
        version=stored.version,
        warnings=ProblemFault.all_of(warnings),
    )


@router.post("/validate", openapi_extra=YAML_BODY)
async def validate_graph(document: GraphBody, services: ServicesDep) -> GraphChecked:
    """Return the faults and warnings of a graph, without storing it."""
    checked = await services.graph_check.check(document)
    return GraphChecked(
        valid=not checked.faults,
        faults=ProblemFault.all_of(checked.faults),
        warnings=ProblemFault.all_of(checked.warnings),
    )


@router.get("", responses=declared(400))
async def list_graphs(
    services: ServicesDep,
    cursor: Cursor = None,
    limit: Limit = 50,
    name: Annotated[str | None, Query(max_length=200, description="Only versions of this name.")] = None,
) -> GraphPage:
    """List stored graphs without their documents, newest first."""
    page = await services.store.graphs.page(cursor, limit, name)
    return GraphPage(graphs=[GraphSummary.of(head) for head in page.items], next=page.next)


@router.get("/{graph_id}", response_model=GraphView, responses=declared(404))
async def get_graph(graph_id: GraphIdPath, services: ServicesDep) -> Response:
    """Return a stored graph with its document."""
    stored = await services.store.graphs.get(graph_id)
    if stored is None:
        raise no_graph(graph_id)
    # A large one would take FastAPI's own way, through the event loop, twice.
    text = await asyncio.to_thread(lambda: GraphView.of_stored(stored).model_dump_json())
    return Response(text, media_type="application/json")


@router.delete("/{graph_id}", status_code=204, responses=declared(404, 409))
async def delete_graph(graph_id: GraphIdPath, services: ServicesDep) -> None:
    """Delete one version of a graph; 409 while a schedule runs it. Other versions and runs that have used it stay."""
    await services.graph_deletion.delete(graph_id)
