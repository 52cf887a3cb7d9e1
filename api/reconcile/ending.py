"""Reads how a workflow closed, and writes the events with which its run's journal ends."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus

from wand_orchestrator.api.temporal import history
from wand_orchestrator.contract.bounds import bounded_text
from wand_orchestrator.contract.codes import RUN_TIMEOUT
from wand_orchestrator.contract.events import Event, EventType, Level
from wand_orchestrator.contract.run import RunResult
from wand_orchestrator.contract.state import Failure, NodeState, RunState, RunStatus

NATIVE_STATUS = {
    WorkflowExecutionStatus.COMPLETED: RunStatus.SUCCEEDED,
    WorkflowExecutionStatus.FAILED: RunStatus.FAILED,
    WorkflowExecutionStatus.CANCELED: RunStatus.CANCELLED,
    WorkflowExecutionStatus.TERMINATED: RunStatus.TERMINATED,
    WorkflowExecutionStatus.TIMED_OUT: RunStatus.TIMED_OUT,
}
"""What a closed workflow means for its run."""


@dataclass(frozen=True)
class Ending:
    """Contains the close of a workflow as Temporal reports it."""

    status: RunStatus
    at: datetime
    reason: str
    failure: Failure | None
    result: RunResult | None
    journal: str | None = None
    """Why the run's own journal cannot be read."""


async def ending_of(client: Client, description: WorkflowExecutionDescription, seconds: float) -> Ending:
    """Return how the workflow closed, by the last event of its history."""
    status = NATIVE_STATUS[description.status or WorkflowExecutionStatus.TERMINATED]
    event = await history.closing_event(client, description.id, seconds)
    at = description.close_time or datetime.now(UTC)
    if event is None:
        return Ending(status, at, "", None, None)
    reason, failure = _why(status, event)
    return Ending(status, at, reason, failure, await _result(description, event))


async def _result(description: WorkflowExecutionDescription, event: HistoryEvent) -> RunResult | None:
    payloads = event.workflow_execution_completed_event_attributes.result.payloads
    if not payloads:
        return None
    decoded: list[Any] = await description.data_converter.decode(payloads, [RunResult])
    return RunResult.model_validate(decoded[0])


def _why(status: RunStatus, event: HistoryEvent) -> tuple[str, Failure | None]:
    """Return the reason in words, and as the error that the run shows."""
    if status is RunStatus.TERMINATED:
        given = event.workflow_execution_terminated_event_attributes
        reason = f"terminated by {given.identity or 'somebody'}{f': {given.reason}' if given.reason else ''}"
        return reason, Failure(code="terminated", message=reason)
    if status is RunStatus.FAILED:
        failure = event.workflow_execution_failed_event_attributes.failure
        code = failure.application_failure_info.type or "workflow_failed"
        return failure.message, Failure(code=code, message=failure.message)
    if status is RunStatus.TIMED_OUT:
        reason = "the run took longer than Temporal was told to let it"
        return reason, Failure(code=RUN_TIMEOUT, message=reason)
    return status.value, None


def last_events(state: RunState, ending: Ending) -> list[Event]:
    """Return a `node.cancelled` for each node in flight, whose agents Temporal stops, and the run's last event."""
    seq = state.last_seq
    events = []
    for node, node_state in state.nodes.items():
        if not node_state.status.settled:
            seq += 1
            events.append(_node_cancelled(seq, node, node_state, state, ending))
    level: Level = "info" if ending.status is RunStatus.SUCCEEDED else "warning"
    data: dict[str, Any] = (
        {} if ending.failure is None else {"error": ending.failure.model_dump(mode="json", exclude_none=True)}
    )
    if ending.journal is not None:
        data["journal"] = f"incomplete, as no worker tells it: {bounded_text(ending.journal, 1000)}"
    last = Event(
        seq=seq + 1,
        ts=ending.at,
        type=EventType(f"run.{ending.status}"),
        level="error" if ending.status in (RunStatus.FAILED, RunStatus.TIMED_OUT) else level,
        message=f"the run ended: {ending.reason}" if ending.reason else "the run ended",
        progress=100 if ending.status is RunStatus.SUCCEEDED else state.progress,
        data=data,
    )
    return [*events, last]


def _node_cancelled(seq: int, node: str, node_state: NodeState, state: RunState, ending: Ending) -> Event:
    return Event(
        seq=seq,
        ts=ending.at,
        type=EventType.NODE_CANCELLED,
        message=f"{node} cancelled",
        progress=state.progress,
        node=node,
        attempt=node_state.attempt or None,
        data={"reason": "the run ended without it"},
    )
