"""Grants and settles the model calls of child runs, which ask for a part of this run's budgets."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from temporalio.exceptions import ApplicationError

from wand_orchestrator.contract.spending import (
    SIGNAL_SPENDING_ANSWERED,
    SpendingAnswer,
    SpendingAsk,
    SpendingEnd,
)
from wand_orchestrator.workflows.budget.amount import Amount
from wand_orchestrator.workflows.budget.books import Spending
from wand_orchestrator.workflows.nodes.parent_budget import Post


class ChildSpending:
    """Answers child runs. `carried`: what `carry` returned in the previous history."""

    def __init__(self, spending: Spending, post: Post, carried: Iterable[Mapping[str, Any]]) -> None:
        self._spending = spending
        self._post = post
        self._carried = [SpendingAsk.model_validate(ask) for ask in carried]
        self._serving: dict[str, tuple[SpendingAsk, asyncio.Future[None]]] = {}

    def carry(self) -> list[dict[str, Any]]:
        """Return the questions that wait for an answer, for the next history."""
        return [ask.model_dump(mode="json") for ask, _ in self._serving.values()]

    def take_up(self) -> None:
        """Serve the questions that waited when the previous history ended."""
        carried, self._carried = self._carried, []
        for ask in carried:
            self.asked(ask)

    def asked(self, ask: SpendingAsk) -> None:
        """Begin to serve a question; it is answered once the call fits."""
        key = _key(ask.run_id, ask.call)
        if key not in self._serving:
            serving = asyncio.ensure_future(self._serve(key, ask))
            self._serving[key] = (ask, serving)
            serving.add_done_callback(lambda _: self._serving.pop(key))

    def ended(self, end: SpendingEnd) -> None:
        """Charge a call that has ended; one that still waits is dropped."""
        key = _key(end.run_id, end.call)
        if key in self._serving:
            self._serving[key][1].cancel()
        self._spending.settle(key, Amount(end.tokens, end.money), end.untold)

    def child_ended(self, run_id: str) -> None:
        """Charge in full what a child run that has ended has not told the end of."""
        prefix = _key(run_id, "")
        for key in [key for key in self._serving if key.startswith(prefix)]:
            self._serving[key][1].cancel()
        self._spending.settle_all(prefix)

    async def _serve(self, key: str, ask: SpendingAsk) -> None:
        try:
            attempts = await self._spending.grant(key, ask.node, Amount(ask.tokens, ask.money), ask.attempts)
            answer = SpendingAnswer(call=ask.call, attempts=attempts)
        except ApplicationError as error:
            answer = SpendingAnswer(call=ask.call, code=error.type, message=error.message)
        self._post.send(ask.run_id, SIGNAL_SPENDING_ANSWERED, answer)


def _key(run_id: str, call: str) -> str:
    """Return the name of a child run's call among those of this run; no node's id contains the mark."""
    return f"{run_id}#{call}"
