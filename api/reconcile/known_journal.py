"""Derives events from Temporal's history alone, for a run whose journal cannot be read.

The journal is in the workflow, which tells it by a replay. A history that the workflow's code cannot replay, such as
one of another release, still says which nodes were scheduled and how they ended; only what workers reported is lost.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, timedelta
from typing import Any

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from wand_orchestrator.api.temporal.call import deadline, translated
from wand_orchestrator.api.temporal.errors import meaning
from wand_orchestrator.contract.bounds import bounded_text
from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.contract.names import (
    is_own_activity,
)
from wand_orchestrator.contract.state import Failure, RunState, fold

_ENDINGS = {
    "activity_task_completed_event_attributes": EventType.NODE_SUCCEEDED,
    "activity_task_failed_event_attributes": EventType.NODE_FAILED,
    "activity_task_timed_out_event_attributes": EventType.NODE_FAILED,
    "activity_task_canceled_event_attributes": EventType.NODE_CANCELLED,
}


async def known_events(client: Client, run_id: str, archived: RunState, seconds: float) -> list[Event]:
    """Return the events after the archived ones, derived from the history of the run's current execution.

    Raises Unavailable, NotFound.
    """
    async with deadline(seconds), translated(meaning):
        history = [event async for event in _history(client, run_id, seconds)]
    if archived.last_seq and not _goes_on(history[0]):
        return []  # the archive has begun to take the events of this very execution
    return list(_Journal(archived).of(history))


def _history(client: Client, run_id: str, seconds: float) -> AsyncIterator[HistoryEvent]:
    return client.get_workflow_handle(run_id).fetch_history_events(
        skip_archival=True, rpc_timeout=timedelta(seconds=seconds)
    )


def _goes_on(first: HistoryEvent) -> bool:
    """Return whether the execution continues another one, which archived its events before it ended."""
    return bool(first.workflow_execution_started_event_attributes.continued_execution_run_id)


class _Journal:
    def __init__(self, archived: RunState) -> None:
        self._state = archived.model_copy(deep=True)
        self._nodes: dict[int, str] = {}

    def of(self, history: list[HistoryEvent]) -> Iterator[Event]:
        for event in history:
            kind = event.WhichOneof("attributes")
            if kind == "workflow_execution_started_event_attributes" and not self._state.last_seq:
                yield self._append(event, EventType.RUN_STARTED, "the run started")
            elif kind == "activity_task_scheduled_event_attributes":
                node = event.activity_task_scheduled_event_attributes.activity_id
                if not is_own_activity(node):
                    self._nodes[event.event_id] = node
                    yield self._append(event, EventType.NODE_SCHEDULED, f"{node} scheduled", node)
            elif kind in _ENDINGS:
                yield from self._ended(event, kind)

    def _ended(self, event: HistoryEvent, kind: str) -> Iterator[Event]:
        attributes = getattr(event, kind)
        node = self._nodes.get(attributes.scheduled_event_id)
        if node is None:
            return
        type = _ENDINGS[kind]
        data: dict[str, Any] = {}
        if type is EventType.NODE_FAILED:
            told = attributes.failure
            code = told.application_failure_info.type or "agent_error"
            failure = Failure(code=code, message=bounded_text(told.message), node=node)
            data = {"error": failure.model_dump(mode="json", exclude_none=True)}
        yield self._append(event, type, f"{node} {type.removeprefix('node.')}", node, data)

    def _append(
        self, event: HistoryEvent, type: EventType, message: str, node: str | None = None, data: Any = None
    ) -> Event:
        appended = Event(
            seq=self._state.last_seq + 1,
            ts=event.event_time.ToDatetime(UTC),
            type=type,
            level="error" if type is EventType.NODE_FAILED else "info",
            message=message,
            progress=self._state.progress,
            node=node,
            data=data or {},
        )
        fold(self._state, appended)
        return appended
