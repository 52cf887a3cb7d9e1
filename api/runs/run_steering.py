"""Steers runs: each call is one signal, update or native request of Temporal, which its own tools can send, too."""

from collections.abc import Sequence
from typing import Any

from pydantic_core import to_json
from temporalio.client import WorkflowExecutionDescription

from wand_orchestrator.api.reconcile.reconciliation import Reconciliation
from wand_orchestrator.api.runs.reader import RunReader
from wand_orchestrator.api.runs.start import RunStart
from wand_orchestrator.api.temporal.budget import CallBudget
from wand_orchestrator.api.temporal.errors import ExecutionClosed, QueryFailed, UpdateRefused
from wand_orchestrator.api.temporal.executions import Executions, is_failing
from wand_orchestrator.contract import codes
from wand_orchestrator.contract.limits import MAX_EVENT_BYTES
from wand_orchestrator.contract.queries import EventRefusal
from wand_orchestrator.contract.spending import UPDATE_BUDGET, BudgetChange
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.contract.steering import (
    SIGNAL_EVENT,
    SIGNAL_PAUSE,
    SIGNAL_RESUME,
    UPDATE_RESPOND,
    UPDATE_RETRY,
    UPDATE_SKIP,
    Answer,
    SentEvent,
)
from wand_orchestrator.errors import Conflict, NotFound, TooLarge, Unavailable, WandError
from wand_orchestrator.storage import Run

REQUEST_SEC = 0.8
"""What Temporal takes on the spot: a signal, a request to cancel."""

STEER_ANSWER_SEC = 1.5
"""In which a worker tells whether it can do anything with an event."""

CANNOT_CANCEL = "it was cancelled, and could not end by itself: its workflow task fails again and again"


class AnswerInvalid(WandError):
    """The answer to an approval does not fit its schema."""

    code = codes.ANSWER_INVALID
    status = 422


class UnknownNode(WandError):
    """The run has no such node."""

    code = codes.UNKNOWN_NODE
    status = 422


class EventInvalid(WandError):
    """The data of an event fits the schema of no node that waits for it."""

    code = codes.EVENT_INVALID
    status = 422


class Steering:
    """Steers runs. Every call raises NotFound, Unavailable; for a run that has ended, all but
    `cancel` raise Conflict.
    """

    def __init__(self, executions: Executions, runs: RunReader, settlement: Reconciliation, starter: RunStart) -> None:
        self._executions = executions
        self._runs = runs
        self._settlement = settlement
        self._starter = starter

    async def cancel(self, run_id: str) -> RunStatus:
        """Cancel the run; return its status after the request. A run that has ended keeps its status.

        One whose workflow cannot carry a cancel out, because its code fails, is terminated.
        """
        budget = CallBudget()
        found = await self._found_or_open(run_id, budget)
        status = self._status(found)
        if status.ended:
            return status
        try:
            await self._executions.cancel(run_id, budget.left(REQUEST_SEC))
            if not isinstance(found, RunStatus) and is_failing(found):
                await self._executions.terminate(run_id, CANNOT_CANCEL, budget.left(REQUEST_SEC))
        except NotFound:  # it has ended meanwhile
            return self._status(await self._found(run_id, budget))
        await self._runs.note_cancelling(run_id, budget)
        return RunStatus.CANCELLING

    async def pause(self, run_id: str) -> RunStatus:
        await self._signal(run_id, SIGNAL_PAUSE)
        return RunStatus.PAUSED

    async def resume(self, run_id: str) -> RunStatus:
        """Resume the run. Raises Conflict also for a run that a failed node holds."""
        if held := (await self._runs.held(run_id)):
            raise Conflict(f"the run is held by {', '.join(held[:5])}, which failed: retry or skip what holds it")
        await self._signal(run_id, SIGNAL_RESUME)
        return RunStatus.RUNNING

    async def respond(
        self, run_id: str, node: str, answer: Any, by: str | None, *, update_id: str | None = None
    ) -> None:
        """Answer an approval; a second call with the same `update_id` does nothing, and ends as the first did.

        Raises AnswerInvalid, UnknownNode, Conflict.
        """
        await self._update(run_id, UPDATE_RESPOND, Answer(node=node, answer=answer, by=by), update_id)

    async def send_event(self, run_id: str, event: SentEvent) -> None:
        """Send the run an event. Raises EventInvalid, TooLarge, Conflict (`events_full`).

        While no worker answers, the event is sent all the same: it waits in Temporal, and then in the run.
        """
        budget = await self.admit_event(run_id, event)
        await self.deliver_event(run_id, event, budget)

    async def admit_event(self, run_id: str, event: SentEvent) -> CallBudget:
        """Raise what `send_event` raises, and send nothing. Return what is left of the time for the call."""
        if len(to_json(event.data)) > MAX_EVENT_BYTES:
            raise TooLarge(f"the data of an event has at most {MAX_EVENT_BYTES} bytes")
        budget = CallBudget()
        await self._require_open(run_id, budget)
        if refusal := await self._event_refusal(run_id, event, budget):
            if refusal.code == codes.EVENTS_FULL:
                raise Conflict(refusal.message, code=codes.EVENTS_FULL)
            raise EventInvalid(refusal.message)
        return budget

    async def deliver_event(self, run_id: str, event: SentEvent, budget: CallBudget) -> None:
        """Send an event that was admitted. Where it raises Unavailable, it may have been sent."""
        await self._send(run_id, SIGNAL_EVENT, budget, [event.name, event.data])

    async def _event_refusal(self, run_id: str, event: SentEvent, budget: CallBudget) -> EventRefusal | None:
        try:
            return await self._executions.event_refusal(run_id, event, budget.left(STEER_ANSWER_SEC))
        except (Unavailable, QueryFailed, ExecutionClosed):
            return None

    async def change_budget(self, run_id: str, change: BudgetChange) -> None:
        """Replace the budget of the run, or of a node. Raises Conflict if it has none."""
        await self._update(run_id, UPDATE_BUDGET, change)

    async def skip(self, run_id: str, node: str) -> None:
        """Skip a node. Raises UnknownNode, Conflict."""
        await self._update(run_id, UPDATE_SKIP, node)

    async def retry(self, run_id: str, node: str) -> None:
        """Retry a node now. Raises UnknownNode, Conflict."""
        await self._update(run_id, UPDATE_RETRY, node)

    async def _signal(self, run_id: str, name: str) -> None:
        budget = CallBudget()
        await self._require_open(run_id, budget)
        await self._send(run_id, name, budget)

    async def _send(self, run_id: str, name: str, budget: CallBudget, args: Sequence[Any] = ()) -> None:
        try:
            await self._executions.signal(run_id, name, budget.left(REQUEST_SEC), args)
        except NotFound as error:
            raise Conflict(
                "the run has ended meanwhile: nothing in it can be steered any more", code="run_ended"
            ) from error

    async def _update(self, run_id: str, name: str, argument: Any, id: str | None = None) -> None:
        budget = CallBudget()
        await self._require_open(run_id, budget)
        try:
            await self._executions.update(run_id, name, argument, budget.left(), id)
        except UpdateRefused as error:
            raise _REFUSALS.get(error.reason, Conflict)(error.message) from error

    async def _require_open(self, run_id: str, budget: CallBudget) -> None:
        status = self._status(await self._found(run_id, budget))
        if status.ended:
            raise Conflict(f"the run has ended ({status}): nothing in it can be steered any more", code="run_ended")

    async def _found_or_open(self, run_id: str, budget: CallBudget) -> RunStatus | WorkflowExecutionDescription:
        """Return what `_found` returns; a Temporal too busy to describe the run may yet take a cancel."""
        try:
            return await self._found(run_id, budget)
        except Unavailable:
            return RunStatus.RUNNING

    async def _found(self, run_id: str, budget: CallBudget) -> RunStatus | WorkflowExecutionDescription:
        """Return the status of a run that the database knows to have ended, and Temporal's description of any other;
        one that is pending is started first. Raises NotFound.
        """
        row = await self._runs.row(run_id, budget)
        if isinstance(row, Run) and row.status.ended:
            return row.status
        if isinstance(row, Run) and row.status is RunStatus.PENDING:
            # A run that was never started is started to be steered: all that happens to it is in its own journal.
            status = await self._starter.start_stored(row, budget)
            if status.ended:
                return status
        description = await self._executions.describe(run_id, budget.left(REQUEST_SEC))
        if description is None:
            raise NotFound(f"there is no run {run_id}", code="run_not_found")
        return description

    def _status(self, found: RunStatus | WorkflowExecutionDescription) -> RunStatus:
        if isinstance(found, RunStatus):
            return found
        return self._settlement.status_of(found) or RunStatus.RUNNING


_REFUSALS: dict[str, type[WandError]] = {
    UnknownNode.code: UnknownNode,
    AnswerInvalid.code: AnswerInvalid,
}
