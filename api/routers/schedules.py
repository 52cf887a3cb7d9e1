"""Routes of schedules: runs that Temporal starts by the clock. `temporal schedule` has the same operations."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import BeforeValidator

from wand_orchestrator.api.http import examples
from wand_orchestrator.api.http.json_body import JsonRoute
from wand_orchestrator.api.http.path_ids import decoded_id
from wand_orchestrator.api.http.problems import declared
from wand_orchestrator.api.schedules.models import (
    BackfillRequest,
    NoteRequest,
    ScheduleCreated,
    SchedulePage,
    ScheduleRequest,
    ScheduleSteered,
    ScheduleTriggered,
    ScheduleView,
    TriggerRequest,
)
from wand_orchestrator.api.services import Limit, ServicesDep

router = APIRouter(prefix="/schedules", tags=["schedules"], route_class=JsonRoute, responses=declared(401, 503))

ScheduleIdPath = Annotated[
    str,
    BeforeValidator(decoded_id),
    Path(max_length=1000, description="The schedule's id, which is Temporal's, too; a slash in it as `%2F`."),
]


@router.post("", status_code=201, responses=declared(400, 404, 409, 413, 415, 422))
async def create_schedule(
    body: Annotated[ScheduleRequest, Body(openapi_examples=examples.SCHEDULES)],
    services: ServicesDep,
    response: Response,
) -> ScheduleCreated:
    """Create a schedule, which starts runs of a stored graph by the clock. `GET` returns its next times, as Temporal
    computes them.
    """
    schedule_id = await services.schedules.create(body)
    response.headers["Location"] = f"/schedules/{schedule_id}"
    return ScheduleCreated(schedule_id=schedule_id)


@router.get("", responses=declared(400, 422))
async def list_schedules(
    services: ServicesDep,
    cursor: Annotated[str | None, Query(max_length=2000, description="`next` of the page before.")] = None,
    limit: Limit = 50,
    graph_id: Annotated[str | None, Query(max_length=200, description="Only those of this version.")] = None,
    graph_name: Annotated[str | None, Query(max_length=200, description="Only those of graphs of this name.")] = None,
) -> SchedulePage:
    """List schedules with their next and last runs, as of a moment ago."""
    return await services.schedules.page(cursor, limit, graph_id=graph_id, graph_name=graph_name)


@router.get("/{schedule_id}", responses=declared(404))
async def get_schedule(schedule_id: ScheduleIdPath, services: ServicesDep) -> ScheduleView:
    """Return a schedule with its next ten times and its last ten runs."""
    return await services.schedules.get(schedule_id)


@router.post("/{schedule_id}/pause", status_code=202, responses=declared(400, 404, 413, 415, 422))
async def pause_schedule(
    schedule_id: ScheduleIdPath, services: ServicesDep, body: NoteRequest | None = None
) -> ScheduleSteered:
    """Pause a schedule: it starts no runs until `resume`; open runs continue."""
    await services.schedules.pause(schedule_id, body.note if body else None)
    return ScheduleSteered(schedule_id=schedule_id)


@router.post("/{schedule_id}/resume", status_code=202, responses=declared(400, 404, 413, 415, 422))
async def resume_schedule(
    schedule_id: ScheduleIdPath, services: ServicesDep, body: NoteRequest | None = None
) -> ScheduleSteered:
    """Resume a schedule, from its next time on."""
    await services.schedules.resume(schedule_id, body.note if body else None)
    return ScheduleSteered(schedule_id=schedule_id)


@router.post("/{schedule_id}/trigger", status_code=202, responses=declared(400, 404, 409, 413, 415, 422))
async def trigger_schedule(
    schedule_id: ScheduleIdPath, services: ServicesDep, body: TriggerRequest | None = None
) -> ScheduleTriggered:
    """Start a run now, besides those by the clock, even while the schedule is paused; 409 where
    `overlap` forbids it.
    """
    run_id = await services.schedules.trigger(schedule_id, body.overlap if body else None)
    return ScheduleTriggered(schedule_id=schedule_id, run_id=run_id)


@router.post("/{schedule_id}/backfill", status_code=202, responses=declared(400, 404, 413, 415, 422))
async def backfill_schedule(
    schedule_id: ScheduleIdPath,
    body: Annotated[BackfillRequest, Body(openapi_examples=examples.BACKFILLS)],
    services: ServicesDep,
) -> ScheduleSteered:
    """Start the runs of times in the past, except for times that have a run."""
    await services.schedules.backfill(schedule_id, body.start_at, body.end_at, body.overlap)
    return ScheduleSteered(schedule_id=schedule_id)


@router.delete("/{schedule_id}", status_code=204, responses=declared(404))
async def delete_schedule(schedule_id: ScheduleIdPath, services: ServicesDep) -> None:
    """Delete a schedule. The runs that it started stay, and continue."""
    await services.schedules.delete(schedule_id)
