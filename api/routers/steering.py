"""Routes that steer runs: each is one signal, update or native request that the Web UI and the `temporal` CLI can send,
too.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from wand_orchestrator.api.http import examples
from wand_orchestrator.api.http.json_body import JsonRoute
from wand_orchestrator.api.http.problems import declared
from wand_orchestrator.api.links.models import LinkCreated, LinkRequest
from wand_orchestrator.api.runs.models import BudgetRequest, EventSent, NodeSteered, RunBudget, RunSteered
from wand_orchestrator.api.services import RunIdPath, ServicesDep
from wand_orchestrator.contract.steering import SentEvent
from wand_orchestrator.graph import Identifier

router = APIRouter(prefix="/runs", tags=["steering"], route_class=JsonRoute, responses=declared(401, 404, 409, 503))

NodePath = Annotated[
    str, Path(max_length=1000, description="The node's id; of `retry` also an item of a map, such as `map[3]`.")
]


EventName = Annotated[Identifier, Path(description="The `name` of the `flow.event` node.")]


class ApprovalAnswer(BaseModel):
    """The answer to an approval."""

    model_config = ConfigDict(extra="forbid")

    answer: Any = Field(description="Fits the `schema` of the node.")
    by: str | None = Field(default=None, max_length=500, description="Who answers; it stands in the run's events.")


@router.post("/{run_id}/cancel", status_code=202)
async def cancel_run(run_id: RunIdPath, services: ServicesDep) -> RunSteered:
    """Cancel a run: its agents are notified at once, and it is `cancelled` when all have ended.

    The answer to a repeated cancel, or for a run that has ended, is the status that the run has.
    """
    return RunSteered(run_id=run_id, status=await services.steering.cancel(run_id))


@router.post("/{run_id}/pause", status_code=202)
async def pause_run(run_id: RunIdPath, services: ServicesDep) -> RunSteered:
    """Pause a run: no node starts until `resume`; nodes in flight finish, and the run's deadline stands still."""
    return RunSteered(run_id=run_id, status=await services.steering.pause(run_id))


@router.post("/{run_id}/resume", status_code=202)
async def resume_run(run_id: RunIdPath, services: ServicesDep) -> RunSteered:
    """Resume a paused run."""
    return RunSteered(run_id=run_id, status=await services.steering.resume(run_id))


@router.post("/{run_id}/budget", responses=declared(422))
async def change_budget(
    run_id: RunIdPath,
    body: Annotated[BudgetRequest, Body(openapi_examples=examples.BUDGETS)],
    services: ServicesDep,
) -> RunBudget:
    """Replace the budget of a run, or of one of its nodes that has begun, while the run goes on or is paused.

    A run that was paused because the budget is used up still has to be resumed; it is paused again if the budget is
    still too small.
    """
    await services.steering.change_budget(run_id, body.change)
    return RunBudget(run_id=run_id, node=body.node, budget=body.change.budget)


@router.post("/{run_id}/events/{name}", status_code=202, responses=declared(413, 422))
async def send_event(
    run_id: RunIdPath, name: EventName, services: ServicesDep, data: Annotated[Any, Body()] = None
) -> EventSent:
    """Send a run an event, for its oldest `flow.event` node that waits for that name; the body is its data, any JSON.

    One that no node waits for yet is kept, in order, up to 1,000 events and 4 MB of them.
    """
    await services.steering.send_event(run_id, SentEvent(name=name, data=data))
    return EventSent(run_id=run_id, event=name)


@router.post("/{run_id}/nodes/{node:path}/respond")
async def respond_to_node(
    run_id: RunIdPath, node: NodePath, body: ApprovalAnswer, services: ServicesDep
) -> NodeSteered:
    """Answer a `flow.approval` node that waits."""
    await services.steering.respond(run_id, node, body.answer, body.by)
    return NodeSteered(run_id=run_id, node=node)


@router.post("/{run_id}/nodes/{node:path}/skip")
async def skip_node(run_id: RunIdPath, node: NodePath, services: ServicesDep) -> NodeSteered:
    """Skip a node that has not finished; if it is in flight, it is cancelled first."""
    await services.steering.skip(run_id, node)
    return NodeSteered(run_id=run_id, node=node)


@router.post("/{run_id}/nodes/{node:path}/retry")
async def retry_node(run_id: RunIdPath, node: NodePath, services: ServicesDep) -> NodeSteered:
    """Retry a node now: one that waits for its next attempt, or one that failed and holds its run."""
    await services.steering.retry(run_id, node)
    return NodeSteered(run_id=run_id, node=node)


@router.post("/{run_id}/nodes/{node:path}/link", status_code=201)
async def create_link(
    run_id: RunIdPath,
    node: NodePath,
    services: ServicesDep,
    request: Request,
    response: Response,
    body: LinkRequest | None = None,
) -> LinkCreated:
    """Make a link that answers one `flow.approval` node, or sends one `flow.event` node one event, without the API key.

    Whoever has it can use it once, until it expires. It is shown in this answer only.
    """
    asked = body or LinkRequest()
    token, text = await services.links.make(run_id, node, asked.expires_in_sec, asked.by)
    response.headers["Cache-Control"] = "no-store"
    base = services.settings.public_url or str(request.base_url)
    return LinkCreated(url=f"{base.rstrip('/')}/links/{text}", expires_at=token.expiry)
