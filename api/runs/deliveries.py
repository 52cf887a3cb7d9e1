"""Reads the deliveries of a run's webhook: each is a workflow of its own in Temporal."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from pydantic import BaseModel, Field
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowExecutionStatus

from wand_orchestrator.api.http.moments import Moment
from wand_orchestrator.api.runs.pending_activities import pending_nodes
from wand_orchestrator.api.runs.reader import RunReader
from wand_orchestrator.api.temporal.budget import CallBudget
from wand_orchestrator.api.temporal.call import deadline, translated
from wand_orchestrator.api.temporal.errors import meaning
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.api.temporal.listings import delivery_ids
from wand_orchestrator.contract.bounds import bounded_text

SHOWN = 50
AT_ONCE = 10


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class DeliveryView(BaseModel):
    """The delivery of the message about one event of the run."""

    seq: int = Field(description="Of the event.")
    event: str = Field(description="Its type.")
    status: DeliveryStatus = Field(description="`failed`: it is not tried again.")
    attempt: int = Field(description="The last one, from 1; 0 before the first.")
    started_at: Moment
    finished_at: Moment | None
    next_attempt_at: Moment | None
    error: str | None = Field(description="Why the last attempt failed.")
    workflow_id: str = Field(description="In Temporal.")


class DeliveryList(BaseModel):
    """Deliveries, the newest first; at most 50."""

    deliveries: list[DeliveryView]


class Deliveries:
    def __init__(self, executions: Executions, runs: RunReader) -> None:
        self._executions = executions
        self._runs = runs

    async def list(self, run_id: str) -> DeliveryList:
        """Return the deliveries that Temporal still has. Raises NotFound, Unavailable."""
        budget = CallBudget()
        await self._runs.known(run_id, budget)
        seconds = budget.left()
        ids = await delivery_ids(self._executions, run_id, seconds)
        numbered = sorted(((int(id.rpartition(".")[2]), id) for id in ids), reverse=True)[:SHOWN]
        slots = asyncio.Semaphore(AT_ONCE)

        async def view(seq: int, id: str) -> DeliveryView:
            async with slots:
                return await self._view(seq, id, seconds)

        return DeliveryList(deliveries=await asyncio.gather(*(view(*delivery) for delivery in numbered)))

    async def _view(self, seq: int, id: str, seconds: float) -> DeliveryView:
        handle = self._executions.client.get_workflow_handle(id)
        patience = timedelta(seconds=seconds)
        async with deadline(seconds), translated(meaning):
            description = await handle.describe(rpc_timeout=patience)
            about = await description.static_summary()
            pending = next(iter(pending_nodes(description).values()), None)
            history = [event async for event in handle.fetch_history_events(skip_archival=True, rpc_timeout=patience)]
        status = DeliveryStatus.FAILED if description.status is None else _status(description.status)
        return DeliveryView(
            seq=seq,
            event=(about or "").partition(" ")[0],
            status=status,
            attempt=_attempts(history) if pending is None else pending.attempt,
            started_at=description.start_time,
            finished_at=description.close_time,
            next_attempt_at=None if pending is None else pending.next_attempt_at,
            error=_why(history, status) if pending is None else pending.last_failure or None,
            workflow_id=id,
        )


def _status(execution: WorkflowExecutionStatus) -> DeliveryStatus:
    match execution:
        case WorkflowExecutionStatus.RUNNING:
            return DeliveryStatus.PENDING
        case WorkflowExecutionStatus.COMPLETED:
            return DeliveryStatus.DELIVERED
        case _:
            return DeliveryStatus.FAILED


def _attempts(history: Sequence[HistoryEvent]) -> int:
    return max((event.activity_task_started_event_attributes.attempt for event in history), default=0)


def _why(history: Sequence[HistoryEvent], status: DeliveryStatus) -> str | None:
    """Return the message of the innermost failure; those around it are the workflow's and the activity's."""
    if status is not DeliveryStatus.FAILED:
        return None
    failure = history[-1].workflow_execution_failed_event_attributes.failure
    while failure.HasField("cause"):
        failure = failure.cause
    return bounded_text(failure.message or "somebody stopped it in Temporal")
