"""Reads the nodes in flight from the pending activities of a run's workflow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import temporalio.api.enums.v1 as enums
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import WorkflowExecutionDescription

from wand_orchestrator.contract.names import (
    is_own_activity,
)
from wand_orchestrator.contract.state import NodeState, NodeStatus

_STARTED = (
    enums.PendingActivityState.PENDING_ACTIVITY_STATE_STARTED,
    enums.PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED,
    enums.PendingActivityState.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED,
)


@dataclass(frozen=True)
class PendingNode:
    """Contains the state of a node in flight. `started_at`: of the attempt that a worker runs now; times are UTC."""

    node: str
    running: bool
    paused: bool
    cancelling: bool
    attempt: int
    max_attempts: int
    queue: str
    started_at: datetime | None
    next_attempt_at: datetime | None
    last_failure: str

    def backs_off(self, now: datetime) -> bool:
        """Return whether the node waits for the time of its next attempt, and not for a worker."""
        return not self.running and self.next_attempt_at is not None and self.next_attempt_at > now


def pending_nodes(description: WorkflowExecutionDescription) -> dict[str, PendingNode]:
    """Return the nodes in flight by id."""
    return {
        info.activity_id: _pending(info, description.task_queue)
        for info in description.raw_description.pending_activities
    }


def overlay(nodes: dict[str, NodeState], pending: Mapping[str, PendingNode]) -> None:
    """Update these states with what happens inside attempts, which the journal does not contain."""
    for node, info in pending.items():
        if is_own_activity(node):
            continue
        state = nodes.setdefault(node, NodeState())
        if state.status.settled:
            continue
        state.attempt = max(state.attempt, info.attempt)
        if info.running:
            state.status, state.started_at = NodeStatus.RUNNING, info.started_at
        elif info.attempt > 1:
            state.status = NodeStatus.RETRYING
        else:
            state.status = NodeStatus.SCHEDULED


def _pending(info: PendingActivityInfo, workflow_queue: str) -> PendingNode:
    return PendingNode(
        node=info.activity_id,
        running=info.state in _STARTED,
        paused=info.state == enums.PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED,
        cancelling=info.state == enums.PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED,
        attempt=info.attempt,
        max_attempts=info.maximum_attempts,
        queue=info.activity_options.task_queue.name or workflow_queue,
        started_at=_moment(info.last_started_time) if info.HasField("last_started_time") else None,
        next_attempt_at=(
            _moment(info.next_attempt_schedule_time) if info.HasField("next_attempt_schedule_time") else None
        ),
        last_failure=info.last_failure.message,
    )


def _moment(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(UTC)
