"""Charges the model calls of a child run to the budgets above it: the child run asks its parent, by signals.

The parent answers each call once its own budgets, and those above it, have room for it. It answers again if it is asked
again, as after a new history.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from temporalio import workflow
from temporalio.exceptions import FailureError

from wand_orchestrator.contract.codes import BUDGET_EXCEEDED
from wand_orchestrator.contract.run import RunParent
from wand_orchestrator.contract.spending import (
    SIGNAL_SPENDING_ASKED,
    SIGNAL_SPENDING_ENDED,
    SpendingAnswer,
    SpendingAsk,
    SpendingEnd,
)
from wand_orchestrator.workflows.budget.amount import Amount
from wand_orchestrator.workflows.control.base import failure


class Post:
    """Sends signals to other runs. `wake` is called when one has been sent."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._sending: set[asyncio.Future[None]] = set()

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way: Temporal drops a signal that has not left when the history ends."""
        return not self._sending

    def send(self, run_id: str, name: str, message: Any) -> None:
        """Send a signal; one to a run that has ended is logged only."""
        sending = asyncio.ensure_future(workflow.get_external_workflow_handle(run_id).signal(name, message))
        self._sending.add(sending)
        sending.add_done_callback(self._sent)

    def _sent(self, sending: "asyncio.Future[None]") -> None:
        self._sending.discard(sending)
        if not sending.cancelled() and isinstance(error := sending.exception(), FailureError):
            workflow.logger.info("a run that shares a budget could not be signalled: %s", error)
        self._wake()


class ParentBudget:
    """Asks the parent of this run, which has a budget. Calls are named as in this run."""

    def __init__(self, parent: RunParent, post: Post) -> None:
        self._parent = parent
        self._post = post
        self._answers: dict[str, SpendingAnswer] = {}

    async def ask(self, call: str, each: Amount, attempts: int) -> int:
        """Return how many attempts the parent grants. Raises ApplicationError with the parent's reason for none."""
        self._answers.pop(call, None)
        ask = SpendingAsk(
            run_id=workflow.info().workflow_id,
            node=self._parent.node,
            call=call,
            tokens=each.tokens,
            money=each.money,
            attempts=attempts,
        )
        self._post.send(self._parent.run_id, SIGNAL_SPENDING_ASKED, ask)
        try:
            await workflow.wait_condition(lambda: call in self._answers)
        except asyncio.CancelledError:
            self.end(call, Amount(), 0)
            raise
        answer = self._answers.pop(call)
        if answer.code is not None or answer.attempts < 1:
            raise failure(answer.code or BUDGET_EXCEEDED, answer.message)
        return answer.attempts

    def answered(self, answer: SpendingAnswer) -> None:
        """Take the parent's answer."""
        self._answers[answer.call] = answer

    def end(self, call: str, told: Amount, untold: int) -> None:
        """Tell the parent what the call cost."""
        end = SpendingEnd(
            run_id=workflow.info().workflow_id, call=call, tokens=told.tokens, money=told.money, untold=untold
        )
        self._post.send(self._parent.run_id, SIGNAL_SPENDING_ENDED, end)
