"""Routes of graphs. A stored graph never changes; the same name again is the next version."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request, Response

from wand_orchestrator.api.graphs.models import (
    GraphChecked,
    GraphCreated,
    GraphDocument,
    GraphNamePage,
    GraphPage,
    GraphSummary,
    GraphView,
    NamedGraph,
    document_of,
)
from wand_orchestrator.api.graphs.placed_faults import placed
from wand_orchestrator.api.http import examples
from wand_orchestrator.api.http.document_body import YAML_BODY, DocumentRoute
from wand_orchestrator.api.http.pictures import PICTURES, VARY, Format, PictureFormat, picture_response, wanted_format
from wand_orchestrator.api.http.problems import ProblemFault, declared
from wand_orchestrator.api.services import Cursor, Limit, ServicesDep
from wand_orchestrator.drawing.picture import picture_of
from wand_orchestrator.errors import GraphFaults
from wand_orchestrator.storage import no_graph
from wand_orchestrator.validation.faulty_nodes import faulty_nodes

router = APIRouter(prefix="/graphs", tags=["graphs"], route_class=DocumentRoute, responses=declared(401, 503))

GraphIdPath = Annotated[str, Path(max_length=200, description="The id of one version of a graph.")]
GraphBody = Annotated[GraphDocument, Body(openapi_examples=examples.GRAPHS)]


@router.post("", status_code=201, openapi_extra=YAML_BODY)
async def create_graph(
    document: GraphBody, services: ServicesDep, request: Request, response: Response
) -> GraphCreated:
    """Check a graph and store it as the next version of its name. For an invalid graph the answer contains all of its
    faults.
    """
    checked = await services.graph_check.check(document)
    if checked.graph is None or checked.faults:
        raise GraphFaults(await placed(checked.faults, request))
    stored = await services.store.graphs.add(checked.graph, document)
    response.headers["Location"] = f"/graphs/{stored.graph_id}"
    return GraphCreated(
        graph_id=stored.graph_id,
        name=stored.name,
        version=stored.version,
        warnings=ProblemFault.all_of(await placed(checked.warnings, request)),
    )


@router.post(
    "/validate",
    openapi_extra=YAML_BODY,
    response_model=GraphChecked,
    response_model_exclude_unset=True,
    responses=PICTURES,
)
async def validate_graph(
    body: GraphBody,
    services: ServicesDep,
    request: Request,
    response: Response,
    document: Annotated[bool, Query(description="Return the document, too: YAML as JSON.")] = False,
    format: Format = None,
) -> GraphChecked | Response:
    """Return the faults and warnings of a graph with their places in its text, without storing it; or its picture, in
    which nodes with faults are marked.
    """
    checked = await services.graph_check.check(body)
    if (wanted := wanted_format(request, format)) is not PictureFormat.JSON:
        faulty, count = faulty_nodes(body, checked.faults), len(checked.faults)
        return await picture_response(wanted, lambda: picture_of(body, faulty=faulty, faults=count))
    response.headers.update(VARY)
    answer = GraphChecked(
        valid=not checked.faults,
        faults=ProblemFault.all_of(await placed(checked.faults, request)),
        warnings=ProblemFault.all_of(await placed(checked.warnings, request)),
    )
    return answer.model_copy(update={"document": body}) if document else answer


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


@router.get("/names", responses=declared(400))
async def list_graph_names(
    services: ServicesDep,
    cursor: Cursor = None,
    limit: Limit = 50,
    search: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Only names with this in them, in any case.")
    ] = None,
) -> GraphNamePage:
    """List the names of stored graphs in alphabetical order, each with its newest version and its last run."""
    page = await services.store.graph_names.page(cursor, limit, search)
    return GraphNamePage(names=[NamedGraph.of(known) for known in page.items], next=page.next)


@router.get("/{graph_id}", response_model=GraphView, responses=PICTURES | declared(404))
async def get_graph(graph_id: GraphIdPath, services: ServicesDep, request: Request, format: Format = None) -> Response:
    """Return a stored graph with its document, or its picture."""
    stored = await services.store.graphs.get(graph_id)
    if stored is None:
        raise no_graph(graph_id)
    if (wanted := wanted_format(request, format)) is not PictureFormat.JSON:
        return await picture_response(wanted, lambda: picture_of(document_of(stored.graph)))
    # A large one would take FastAPI's own way, through the event loop, twice.
    text = await asyncio.to_thread(lambda: GraphView.of_stored(stored).model_dump_json())
    return Response(text, media_type="application/json", headers=VARY)


@router.delete("/{graph_id}", status_code=204, responses=declared(404, 409))
async def delete_graph(graph_id: GraphIdPath, services: ServicesDep) -> None:
    """Delete one version of a graph; 409 while a schedule runs it. Other versions and runs that have used it stay."""
    await services.graph_deletion.delete(graph_id)
