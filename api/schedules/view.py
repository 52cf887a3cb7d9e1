"""Builds the API's views of schedules from Temporal's descriptions, also of schedules that Temporal's own tools made or
changed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    ScheduleActionResult,
    ScheduleActionStartWorkflow,
    ScheduleDescription,
    ScheduleListDescription,
)
from temporalio.common import TypedSearchAttributes

from wand_orchestrator.api.schedules.models import LastRun, LastRunView, ScheduleSummary, ScheduleView
from wand_orchestrator.api.schedules.times import cron_of, duration_text, every_of
from wand_orchestrator.contract.run_terms import CallerTerms
from wand_orchestrator.contract.search_attributes import (
    WAND_GRAPH,
    WAND_GRAPH_ID,
    WAND_TAGS,
)
from wand_orchestrator.storage import RunHead

UTC_NAME = "UTC"


def summary(entry: ScheduleListDescription) -> ScheduleSummary:
    schedule, info = entry.schedule, entry.info
    if schedule is None or info is None:
        raise ValueError("Temporal lists a schedule without what it does: its visibility store is too old")
    attributes = entry.typed_search_attributes
    return ScheduleSummary(
        schedule_id=entry.id,
        graph_name=attributes.get(WAND_GRAPH) or "",
        graph_id=attributes.get(WAND_GRAPH_ID),
        tags=_tags(attributes),
        cron=cron_of(schedule.spec),
        every=every_of(schedule.spec),
        time_zone=schedule.spec.time_zone_name or UTC_NAME,
        paused=schedule.state.paused,
        note=schedule.state.note,
        next_run_at=min(_next(info.next_action_times, schedule.state.paused), default=None),
        last_run=next(iter(_last_runs(info.recent_actions)), None),
    )


async def scheduled_order(description: ScheduleDescription) -> dict[str, Any]:
    """Return the input of the schedule's runs."""
    action = description.schedule.action
    if not isinstance(action, ScheduleActionStartWorkflow) or not action.args:
        return {}
    [given, *_] = action.args
    if not isinstance(given, Payload):
        return {}
    [document] = await description.data_converter.decode([given])
    return document if isinstance(document, dict) else {}


def view(description: ScheduleDescription, order: Mapping[str, Any], rows: Mapping[str, RunHead]) -> ScheduleView:
    """Return the view of a schedule. `rows`: of its last runs, as far as they are known."""
    schedule, info = description.schedule, description.info
    last_runs = _last_runs(info.recent_actions)
    next_runs = _next(info.next_action_times, schedule.state.paused)
    catchup_window = schedule.policy.catchup_window
    return ScheduleView(
        schedule_id=description.id,
        graph_name=_graph_name(description, order, rows),
        graph_id=order.get("graph_id"),
        cron=cron_of(schedule.spec),
        every=every_of(schedule.spec),
        time_zone=schedule.spec.time_zone_name or UTC_NAME,
        paused=schedule.state.paused,
        note=schedule.state.note,
        next_run_at=min(next_runs, default=None),
        last_run=next(iter(last_runs), None),
        jitter=duration_text(schedule.spec.jitter) if schedule.spec.jitter else None,
        overlap=schedule.policy.overlap.name.lower(),
        catchup_window=None if catchup_window is None else duration_text(catchup_window),
        **dict(_terms(order)),
        next_runs=next_runs,
        last_runs=[_with_status(run, rows.get(run.run_id)) for run in last_runs],
        started=info.num_actions,
        skipped=info.num_actions_skipped_overlap,
        missed=info.num_actions_missed_catchup_window,
        created_at=info.created_at,
        updated_at=info.last_updated_at,
    )


def _next(moments: Sequence[datetime], paused: bool) -> list[datetime]:
    return [] if paused else list(moments)


def _last_runs(results: Sequence[ScheduleActionResult]) -> list[LastRun]:
    """Return the last runs, newest first."""
    return [
        LastRun(
            run_id=str(getattr(result.action, "workflow_id", "")),
            scheduled_at=result.scheduled_at,
            started_at=result.started_at,
        )
        for result in reversed(results)
    ]


def _with_status(run: LastRun, row: RunHead | None) -> LastRunView:
    return LastRunView(**run.model_dump(), status=None if row is None else row.status)


def _tags(attributes: TypedSearchAttributes) -> list[str]:
    return sorted(attributes.get(WAND_TAGS) or ())


def _terms(order: Mapping[str, Any]) -> CallerTerms:
    """Return the terms that can be read: a schedule made without the API may hold anything."""
    said = {name: order[name] for name in CallerTerms.model_fields if name in order}
    try:
        return CallerTerms.model_validate(said)
    except ValidationError as error:
        wrong = {fault["loc"][0] for fault in error.errors()}
        return CallerTerms.model_validate({name: term for name, term in said.items() if name not in wrong})


def _graph_name(description: ScheduleDescription, order: Mapping[str, Any], rows: Mapping[str, RunHead]) -> str:
    """Return the graph's name, also of a schedule without Wand's search attributes."""
    inline = order.get("graph")
    carried = inline.get("name") if isinstance(inline, dict) else None
    known = description.typed_search_attributes.get(WAND_GRAPH)
    return str(order.get("graph_name") or known or carried or next((row.name for row in rows.values()), ""))
