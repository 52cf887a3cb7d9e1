"""Derives the attempts of a node from its events."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from wand_orchestrator.api.runs.models import NodeView
from wand_orchestrator.api.runs.node_models import AttemptView
from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.contract.state import Failure, NodeStatus

Ending = Literal["succeeded", "failed", "cancelled"]

_ENDINGS: dict[EventType, Ending] = {
    EventType.NODE_RETRYING: "failed",
    EventType.NODE_FAILED: "failed",
    EventType.NODE_SUCCEEDED: "succeeded",
    EventType.NODE_CANCELLED: "cancelled",
}


def attempts_of(events: Iterable[Event], now: NodeView) -> list[AttemptView]:
    """Return the attempts that ended, as their events report them, and the one that runs now."""
    attempts: list[AttemptView] = []
    last, retried = 0, -1
    for event in events:
        if event.type is EventType.NODE_SCHEDULED:
            last, retried = 0, retried + 1
        elif event.type in _ENDINGS and (event.attempt or event.type is EventType.NODE_CANCELLED):
            last = event.attempt or last + 1
            attempts.append(_ended(event, last, max(0, retried)))
    if now.status is NodeStatus.RUNNING and now.attempt > last:
        attempts.append(_running(now, max(0, retried)))
    return attempts


def _ended(event: Event, attempt: int, retried: int) -> AttemptView:
    told = event.data
    duration, queued, worker = told.get("duration_ms"), told.get("queued_ms"), told.get("worker")
    error = Failure.model_validate(told["error"]) if "error" in told else None
    next_at = told.get("next_attempt_at")
    return AttemptView(
        attempt=attempt,
        retried=retried,
        status=_ENDINGS[event.type],
        started_at=None if duration is None else event.ts - timedelta(milliseconds=duration),
        finished_at=event.ts,
        queued_ms=queued,
        duration_ms=duration,
        worker=worker or (None if error is None else error.worker),
        error=error,
        next_attempt_at=None if next_at is None else datetime.fromisoformat(next_at),
    )


def _running(now: NodeView, retried: int) -> AttemptView:
    return AttemptView(
        attempt=now.attempt,
        retried=retried,
        status="running",
        started_at=now.started_at,
        finished_at=None,
        queued_ms=None,
        duration_ms=None,
        worker=None,
        error=None,
        next_attempt_at=None,
    )
