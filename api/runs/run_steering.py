"""Steers a run: each call is one signal, update or native request of Temporal, which its own tools can send, too."""

from typing import Any

from temporalio.client import WorkflowExecutionDescription

from wand_orchestrator.api.reconcile.reconciliation import Reconciliation
from wand_orchestrator.api.runs.reader import RunReader
from wand_orchestrator.api.runs.start import RunStart
from wand_orchestrator.api.temporal.budget import CallBudget
from wand_orchestrator.api.temporal.errors import UpdateRefused
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.contract import codes
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.contract.steering import (
    SIGNAL_PAUSE,
    SIGNAL_RESUME,
    UPDATE_RESPOND,
    UPDATE_RETRY,
    UPDATE_SKIP,
    Answer,
)
from wand_orchestrator.errors import Conflict, NotFound, WandError
from wand_orchestrator.storage import Run

REQUEST_SEC = 0.8
"""What Temporal takes on the spot: a signal, a request to cancel."""

CANNOT_CANCEL = "it was cancelled, and could not end by itself: its workflow task fails again and again"


class AnswerInvalid(WandError):
    """The answer to an approval does not fit its schema."""

    code = codes.ANSWER_INVALID
    status = 422


class UnknownNode(WandError):
    """The run has no such node."""

    code = codes.UNKNOWN_NODE
    status = 422


class Steering:
    """Every call raises NotFound, Unavailable; on a run that has ended, all but `cancel` raise Conflict."""

    def __init__(self, executions: Executions, runs: RunReader, settlement: Reconciliation, starter: RunStart) -> None:
        self._executions = executions
        self._runs = runs
        self._settlement = settlement
        self._starter = starter

    async def cancel(self, run_id: str) -> RunStatus:
        """The status after the request; a run that has ended keeps its own.

        One whose workflow cannot carry a cancel out, because its code fails, is terminated.
        """
        budget = CallBudget()
        status = await self._open(run_id, budget)
        if status.ended:
            return status
        try:
            failing = await self._executions.is_failing(run_id, budget.left(REQUEST_SEC))
            await self._executions.cancel(run_id, budget.left(REQUEST_SEC))
            if failing:
                await self._executions.terminate(run_id, CANNOT_CANCEL, budget.left(REQUEST_SEC))
        except NotFound:  # it has ended meanwhile
            return await self._open(run_id, budget)
        return RunStatus.CANCELLING

    async def pause(self, run_id: str) -> RunStatus:
        await self._signal(run_id, SIGNAL_PAUSE)
        return RunStatus.PAUSED

    async def resume(self, run_id: str) -> RunStatus:
        """Raises Conflict also for a run that a failed node holds."""
        if held := (await self._runs.held(run_id)):
            raise Conflict(f"the run is held by {', '.join(held[:5])}, which failed: retry or skip what holds it")
        await self._signal(run_id, SIGNAL_RESUME)
        return RunStatus.RUNNING

    async def respond(self, run_id: str, node: str, answer: Any, by: str | None) -> None:
        """Raises AnswerInvalid, UnknownNode, Conflict."""
        await self._update(run_id, UPDATE_RESPOND, Answer(node=node, answer=answer, by=by))

    async def skip(self, run_id: str, node: str) -> None:
        """Raises UnknownNode, Conflict."""
        await self._update(run_id, UPDATE_SKIP, node)

    async def retry(self, run_id: str, node: str) -> None:
        """Raises UnknownNode, Conflict."""
        await self._update(run_id, UPDATE_RETRY, node)

    async def _signal(self, run_id: str, name: str) -> None:
        budget = CallBudget()
        await self._require_open(run_id, budget)
        try:
            await self._executions.signal(run_id, name, budget.left(REQUEST_SEC))
        except NotFound as error:
            raise Conflict(
                "the run has ended meanwhile: nothing in it can be steered any more", code="run_ended"
            ) from error

    async def _update(self, run_id: str, name: str, argument: Any) -> None:
        budget = CallBudget()
        await self._require_open(run_id, budget)
        try:
            await self._executions.update(run_id, name, argument, budget.left())
        except UpdateRefused as error:
            raise _REFUSALS.get(error.reason, Conflict)(error.message) from error

    async def _require_open(self, run_id: str, budget: CallBudget) -> None:
        status = await self._open(run_id, budget)
        if status.ended:
            raise Conflict(f"the run is {status}: nothing in it can be steered any more", code="run_ended")

    async def _open(self, run_id: str, budget: CallBudget) -> RunStatus:
        """The status of a run that has ended; otherwise its workflow is there, and it counts as running."""
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
        return self._status(description)

    def _status(self, description: WorkflowExecutionDescription) -> RunStatus:
        return self._settlement.status_of(description) or RunStatus.RUNNING


_REFUSALS: dict[str, type[WandError]] = {
    UnknownNode.code: UnknownNode,
    AnswerInvalid.code: AnswerInvalid,
}
