"""Routes of runs: start, list, read, delete."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from wand_orchestrator.api.graphs.models import document_of
from wand_orchestrator.api.http import examples
from wand_orchestrator.api.http.json_body import JsonRoute
from wand_orchestrator.api.http.moments import GivenMoment
from wand_orchestrator.api.http.multipart import FORM
from wand_orchestrator.api.http.pictures import PICTURES, VARY, Format, PictureFormat, picture_response, wanted_format
from wand_orchestrator.api.http.preferences import MAX_WAIT_SEC, preferred_wait
from wand_orchestrator.api.http.problems import declared
from wand_orchestrator.api.routers.run_form import RUN, RunFormRoute
from wand_orchestrator.api.runs.deliveries import DeliveryList
from wand_orchestrator.api.runs.models import (
    ListedRun,
    RetryRequest,
    RunCreated,
    RunPage,
    RunRequest,
    RunView,
    StatusFilter,
    statuses_of,
)
from wand_orchestrator.api.runs.node_models import NodeDetail, ValueName
from wand_orchestrator.api.runs.run_picture import run_picture
from wand_orchestrator.api.services import Cursor, Limit, RunIdPath, Services, ServicesDep
from wand_orchestrator.contract.tags import MAX_TAGS

router = APIRouter(prefix="/runs", tags=["runs"], route_class=JsonRoute, responses=declared(401, 503))
starts = APIRouter(prefix="/runs", tags=["runs"], route_class=RunFormRoute, responses=declared(401, 503))
"""Apart from the others, since only a start takes a form."""

_FILES = {"type": "array", "items": {"type": "string", "format": "binary"}}
_RUN_FORM = {
    "type": "object",
    "properties": {RUN: {"$ref": "#/components/schemas/RunRequest"}, "file": _FILES},
    "required": [RUN],
}
_FORM_BODY = {"requestBody": {"content": {FORM: {"schema": _RUN_FORM}}}}


IdempotencyKey = Annotated[
    str | None, Header(min_length=1, max_length=255, description="The same key with the same body gives the same run.")
]


Wait = Annotated[
    int | None, Query(ge=0, le=MAX_WAIT_SEC, description="Seconds to wait for the end of the run before the answer.")
]
Prefer = Annotated[str | None, Header(description="`wait=30`, as the parameter `wait` (RFC 7240).")]

TagsQuery = Annotated[
    tuple[str, ...],
    Query(max_length=MAX_TAGS, description="A tag given at the start. With several, a run has them all."),
]
StatusQuery = Annotated[
    tuple[StatusFilter, ...],
    Query(max_length=20, description="With several, a run has one of them. `open`: all that have not ended."),
]
PartOf = Annotated[
    str | None, Query(max_length=1000, description="Only the child runs in this run, which are not listed otherwise.")
]


NodePath = Annotated[
    str, Path(max_length=1000, description="The node's id, or the name of a part of it, such as `map[3]` or `sub/x`.")
]
_VALUE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The value.", "content": {"application/json": {"schema": {}}}}
}


_WAITED: dict[int | str, dict[str, Any]] = {
    200: {"model": RunView, "description": "The run, which ended within the time of `wait`."},
    202: {"model": RunCreated, "description": "The run goes on after the time of `wait`."},
}


@starts.post(
    "",
    status_code=201,
    response_model=RunCreated,
    responses=_WAITED | declared(404, 409),
    openapi_extra=_FORM_BODY,
)
async def create_run(
    body: Annotated[RunRequest, Body(openapi_examples=examples.RUNS)],
    services: ServicesDep,
    request: Request,
    response: Response,
    wait: Wait = None,
    prefer: Prefer = None,
    idempotency_key: IdempotencyKey = None,
) -> RunCreated | Response:
    """Start a run of a stored graph, by its name or id, or of one given here, which is checked and stored first.

    With `wait`, or the header `Prefer: wait=30`, the answer is sent when the run has ended: 200 with the run as `GET
    /runs/{id}` shows it. 202 if the time is over before that: the run continues, as it does if the caller disconnects.
    """
    created = await services.starter.start(body, idempotency_key)
    response.headers["Location"] = f"/runs/{created.run_id}"
    preferred = None if prefer is None else preferred_wait(request.headers.getlist("prefer"))  # it may be repeated
    seconds = wait if wait is not None else preferred
    if seconds is None:
        return created
    if wait is None:
        response.headers["Preference-Applied"] = f"wait={seconds}"
    ended = await services.ends.wait(created.run_id, seconds, request.receive)
    if ended is not None:
        return Response(ended.model_dump_json(), media_type="application/json", headers=dict(response.headers))
    response.status_code = 202
    return created


@router.get("", responses=declared(400))
async def list_runs(
    services: ServicesDep,
    cursor: Cursor = None,
    limit: Limit = 50,
    status: StatusQuery = (),
    graph_id: Annotated[str | None, Query(max_length=200)] = None,
    name: Annotated[str | None, Query(max_length=200, description="The graph's name.")] = None,
    tag: TagsQuery = (),
    part_of: PartOf = None,
    created_after: Annotated[
        GivenMoment | None, Query(description="RFC 3339, exclusive; UTC without an offset.")
    ] = None,
    created_before: Annotated[
        GivenMoment | None, Query(description="RFC 3339, exclusive; UTC without an offset.")
    ] = None,
) -> RunPage:
    """List runs, newest first. The progress of an open run is as of the last time it wrote to the database."""
    page = await services.store.runs.page(
        cursor,
        limit,
        status=statuses_of(status),
        graph_id=graph_id,
        name=name,
        tags=tag,
        part_of=part_of,
        created_after=created_after,
        created_before=created_before,
    )
    used = await services.store.usage.of_runs([head.run_id for head in page.items])
    runs = [ListedRun(**dict(head.summary), usage=used.get(head.run_id)) for head in page.items]
    return RunPage(runs=runs, next=page.next)


@router.get("/{run_id}", response_model=RunView, responses=PICTURES | declared(404))
async def get_run(
    run_id: RunIdPath, services: ServicesDep, request: Request, response: Response, format: Format = None
) -> RunView | Response:
    """Return a run with all of its nodes, its result or error, and what it waits for; or a picture of it."""
    run = await services.runs.read(run_id)
    if (wanted := wanted_format(request, format)) is PictureFormat.JSON:
        response.headers.update(VARY)
        return run
    stored = None if run.graph_id is None else await services.store.graphs.of_run(run.graph_id)
    return await picture_response(wanted, lambda: run_picture(run, document_of(stored.graph) if stored else None))


@router.get(
    "/{run_id}/input",
    response_class=Response,
    responses={200: {"description": "The input.", "content": {"application/json": {"schema": {}}}}, **declared(404)},
)
async def get_run_input(run_id: RunIdPath, services: ServicesDep) -> Response:
    """Return the input of the run, however large."""
    return Response(await services.runs.input_json(run_id), media_type="application/json")


@router.get("/{run_id}/nodes/{node:path}/params", response_class=Response, responses=_VALUE | declared(404))
async def get_node_params(run_id: RunIdPath, node: NodePath, services: ServicesDep) -> Response:
    """Return the params that the node was given, however large. 404 `value_not_kept` if they are not there."""
    return await _value(run_id, node, "params", services)


@router.get("/{run_id}/nodes/{node:path}/input", response_class=Response, responses=_VALUE | declared(404))
async def get_node_input(run_id: RunIdPath, node: NodePath, services: ServicesDep) -> Response:
    """Return the input that the node was given, however large. 404 `value_not_kept` if it is not there."""
    return await _value(run_id, node, "input", services)


@router.get("/{run_id}/nodes/{node:path}/output", response_class=Response, responses=_VALUE | declared(404))
async def get_node_output(run_id: RunIdPath, node: NodePath, services: ServicesDep) -> Response:
    """Return the output of the node, however large. 404 `value_not_kept` if it is not there."""
    return await _value(run_id, node, "output", services)


@router.get("/{run_id}/nodes/{node:path}", responses=declared(404))
async def get_node(
    run_id: RunIdPath,
    node: NodePath,
    services: ServicesDep,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="Parts to leave out.")] = 0,
    limit: Limit = 50,
) -> NodeDetail:
    """Return a node, or a part of a control node, such as `map[3]`, `loop[2]` or `sub/x`, with its params, input,
    output, attempts and parts.
    """
    return await services.nodes.read(run_id, node, offset, limit)


async def _value(run_id: str, node: str, name: ValueName, services: Services) -> Response:
    size, chunks = await services.nodes.value(run_id, node, name)
    return StreamingResponse(chunks, media_type="application/json", headers={"Content-Length": str(size)})


@router.get("/{run_id}/webhooks", responses=declared(404))
async def list_deliveries(run_id: RunIdPath, services: ServicesDep) -> DeliveryList:
    """List the deliveries to the run's webhook, as long as Temporal keeps them."""
    return await services.deliveries.list(run_id)


@router.delete("/{run_id}", status_code=204, responses=declared(404, 409))
async def delete_run(run_id: RunIdPath, services: ServicesDep) -> None:
    """Delete a run that has ended, with its child runs, events, artifacts and idempotency key, in Temporal too.

    With the answer it is gone for every reader; what is outside of the database is deleted shortly after.
    """
    await services.deletions.delete(run_id)


@router.post("/{run_id}/retry", status_code=201, responses=declared(404, 409))
async def retry_run(
    run_id: RunIdPath,
    services: ServicesDep,
    response: Response,
    body: RetryRequest | None = None,
    idempotency_key: IdempotencyKey = None,
) -> RunCreated:
    """Retry an ended run in a new one: nodes that had succeeded keep their outputs and do not run again."""
    request = body or RetryRequest()
    created = await services.retries.retry(run_id, request.from_nodes, idempotency_key, request.budget)
    response.headers["Location"] = f"/runs/{created.run_id}"
    return created
