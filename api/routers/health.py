"""Routes that report whether the process lives, and whether what it needs is available."""

import asyncio
from collections.abc import Awaitable
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from temporalio.api.enums.v1 import TaskQueueType

from wand_orchestrator.api.http.strict_route import StrictRoute
from wand_orchestrator.api.services import Services, ServicesDep
from wand_orchestrator.api.temporal.task_queues import polled
from wand_orchestrator.errors import Unavailable

CHECK_SEC = 1.0


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """The readiness of each part: `ok`, or why it is not."""

    temporal: str
    database: str
    workers: str
    background: str


router = APIRouter(route_class=StrictRoute, tags=["health"])


@router.get("/health")
async def get_health() -> Health:
    """Report that the process lives."""
    return Health()


@router.get("/ready", responses={503: {"model": Readiness, "description": "Something is away; which, and why."}})
async def get_readiness(services: ServicesDep, response: Response) -> Readiness:
    """Report whether Temporal, the database and at least one core worker answer, and whether background tasks work."""
    temporal, database, workers = await asyncio.gather(
        _check("Temporal", services.executions.ping(CHECK_SEC)),
        _check("the database", services.store.ping()),
        _check("Temporal", _require_worker(services)),
    )
    background = "; ".join(services.supervision.faults.values()) or "ok"
    if {temporal, database, workers, background} != {"ok"}:
        response.status_code = 503
    return Readiness(temporal=temporal, database=database, workers=workers, background=background)


async def _check(name: str, check: Awaitable[None]) -> str:
    try:
        async with asyncio.timeout(CHECK_SEC):
            await check
    except Unavailable as error:
        return error.message
    except TimeoutError:
        return f"{name} does not answer within {CHECK_SEC:g} s"
    return "ok"


async def _require_worker(services: Services) -> None:
    queue = services.settings.task_queue
    if not await polled(services.executions.client, [queue], TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, CHECK_SEC):
        raise Unavailable("worker", f"no worker polls the task queue {queue}")
