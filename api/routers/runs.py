"""Runs: started, listed, read, deleted."""

from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Query, Response

from wand_orchestrator.api.http import examples
from wand_orchestrator.api.http.json_body import JsonRoute
from wand_orchestrator.api.http.moments import GivenMoment
from wand_orchestrator.api.http.problems import declared
from wand_orchestrator.api.runs.deliveries import DeliveryList
from wand_orchestrator.api.runs.models import (
    NodeDetail,
    RetryRequest,
    RunCreated,
    RunPage,
    RunRequest,
    RunView,
    StatusFilter,
    statuses_of,
)
from wand_orchestrator.api.services import Cursor, Limit, RunIdPath, ServicesDep
from wand_orchestrator.contract.tags import MAX_TAGS

router = APIRouter(prefix="/runs", tags=["runs"], route_class=JsonRoute, responses=declared(401, 503))


IdempotencyKey = Annotated[
    str | None, Header(min_length=1, max_length=255, description="The same key with the same body gives the same run.")
]


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


@router.post("", status_code=201, responses=declared(404, 409))
async def create_run(
    body: Annotated[RunRequest, Body(openapi_examples=examples.RUNS)],
    services: ServicesDep,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> RunCreated:
    """Start a run of a stored graph, or of one given here, which is checked and stored first."""
    created = await services.starter.start(body, idempotency_key)
    response.headers["Location"] = f"/runs/{created.run_id}"
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
    """Runs, newest first. Of one in progress, what changes is as of the last time it wrote to the database."""
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
    return RunPage(runs=[head.summary for head in page.items], next=page.next)


@router.get("/{run_id}", responses=declared(404))
async def get_run(run_id: RunIdPath, services: ServicesDep) -> RunView:
    """One run with all of its nodes, its result or error, and what it waits for."""
    return await services.runs.read(run_id)


@router.get("/{run_id}/nodes/{node:path}", responses=declared(404))
async def get_node(
    run_id: RunIdPath,
    node: Annotated[str, Path(max_length=1000, description="The node's id.")],
    services: ServicesDep,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="Parts to leave out.")] = 0,
    limit: Limit = 50,
) -> NodeDetail:
    """One node with its parts, if it is a control node: items of a map, rounds, nodes of child runs."""
    return await services.nodes.read(run_id, node, offset, limit)


@router.get("/{run_id}/webhooks", responses=declared(404))
async def list_deliveries(run_id: RunIdPath, services: ServicesDep) -> DeliveryList:
    """What has become of the messages to the run's webhook, as long as Temporal keeps them."""
    return await services.deliveries.list(run_id)


@router.delete("/{run_id}", status_code=204, responses=declared(404, 409))
async def delete_run(run_id: RunIdPath, services: ServicesDep) -> None:
    """Remove a run that has ended, with its child runs, events, artifacts and idempotency key, from Temporal too.

    It is gone for every reader with the answer; what lies outside of the database follows within moments.
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
    """Go on from a run that ended, in a new one: nodes that had succeeded keep their outputs and do not run again."""
    request = body or RetryRequest()
    created = await services.retries.retry(run_id, request.from_nodes, idempotency_key)
    response.headers["Location"] = f"/runs/{created.run_id}"
    return created
