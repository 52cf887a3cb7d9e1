"""Routes of hooks: names under which messages from other systems start runs, without an API key."""

from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request, Response

from wand_orchestrator.api.hooks.models import HookName, HookPage, HookRequest, HookStored, HookView
from wand_orchestrator.api.hooks.receipt import MAX_BYTES
from wand_orchestrator.api.http import examples
from wand_orchestrator.api.http.json_body import BodyLimit, JsonRoute, read_body
from wand_orchestrator.api.http.problems import declared
from wand_orchestrator.api.runs.models import RunCreated
from wand_orchestrator.api.services import Cursor, Limit, ServicesDep

router = APIRouter(prefix="/hooks", tags=["hooks"], route_class=JsonRoute, responses=declared(401, 503))
receipts = APIRouter(prefix="/hooks", tags=["hooks"], responses=declared(401, 503))
"""Open to everybody: what is sent is verified by the hook's own secret."""

HookNamePath = Annotated[HookName, Path(description="Of your own choice, such as `github-push`.")]

_STORED: dict[int | str, dict[str, Any]] = {201: {"model": HookStored, "description": "There was no such hook."}}
_MESSAGE: dict[str, Any] = {
    "requestBody": {
        "description": "The message, at most 1 MiB.",
        "content": {
            "application/json": {"schema": {}},
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
        },
    }
}


@router.put("/{name}", responses=_STORED | declared(404, 409))
async def put_hook(
    name: HookNamePath,
    body: Annotated[HookRequest, Body(openapi_examples=examples.HOOKS)],
    services: ServicesDep,
    response: Response,
) -> HookStored:
    """Create or change a hook. A generated secret is part of this answer, and is never shown again."""
    stored, is_new = await services.hooks.put(name, body)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/hooks/{name}"
    return stored


@router.get("", responses=declared(400))
async def list_hooks(services: ServicesDep, cursor: Cursor = None, limit: Limit = 50) -> HookPage:
    """List hooks without their secrets, newest first."""
    return await services.hooks.page(cursor, limit)


@router.get("/{name}", responses=declared(404))
async def get_hook(name: HookNamePath, services: ServicesDep) -> HookView:
    """Return a hook without its secret."""
    return await services.hooks.get(name)


@router.delete("/{name}", status_code=204, responses=declared(404))
async def delete_hook(name: HookNamePath, services: ServicesDep) -> None:
    """Delete a hook; runs that it has started stay."""
    await services.hooks.delete(name)


@receipts.post(
    "/{name}", status_code=202, responses=declared(400, 404, 408, 409, 413, 415, 422), openapi_extra=_MESSAGE
)
async def receive_message(
    name: HookNamePath, request: Request, services: ServicesDep, response: Response
) -> RunCreated:
    """Start a run with a message, verified by the hook's secret instead of the API key.

    A message that is sent again with the same `webhook-id` starts no second run. 401 does not reveal the reason.
    """
    async with AsyncExitStack() as places:
        limit = BodyLimit(MAX_BYTES, "the limit of a message", request.app.state.messages)
        body = await read_body(request, places, limit)
        created = await services.receipts.receive(name, request.headers, request.query_params, body)
    response.headers["Location"] = f"/runs/{created.run_id}"
    return created
