"""Makes model calls, and charges them to the budgets of the run.

An activity has several attempts, of which Temporal makes the second without asking the run. So each of them is reserved
for, and the activity gets no more attempts than there is money for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from wand_orchestrator.contract.codes import BUDGET_UNBOUNDED
from wand_orchestrator.contract.model_call import Usage, UsageTotal
from wand_orchestrator.contract.node import AgentResult
from wand_orchestrator.graph import Node, Options
from wand_orchestrator.graphs.retries import retries_of, rules_of
from wand_orchestrator.workflows.budget.amount import Amount
from wand_orchestrator.workflows.budget.books import Spending
from wand_orchestrator.workflows.budget.worst_case import WorstCase, tokens_after, worst_case
from wand_orchestrator.workflows.control.base import TurnAnswer, TurnCall, failure
from wand_orchestrator.workflows.held_back import until_free
from wand_orchestrator.workflows.journal.model_usage import used_by_reply
from wand_orchestrator.workflows.journal.node_failures import node_failure
from wand_orchestrator.workflows.nodes.attempts import Attempts


class PartRunner(Protocol):
    """Runs a part as an agent, with events of its own. `begin(earlier)` is awaited before each of its activities, also
    before the one that takes over from a lost worker after `earlier` attempts; it returns the part with its limits.
    """

    def __call__(
        self, node: Node, params: dict[str, Any], begin: Callable[[int], Awaitable[Node]]
    ) -> Awaitable[AgentResult]: ...


@dataclass(frozen=True)
class _Baseline:
    """What was known of a part when its activity was granted: attempts made, and what they used."""

    attempts: int
    usage: UsageTotal


class ModelCalls:
    """`usage_of` returns what the events of a part have told so far. `holds_back`: whether nothing new may start.
    `carried`: what `carry` returned in the previous history.
    """

    def __init__(
        self,
        spending: Spending,
        attempts: Attempts,
        options: Options,
        usage_of: Callable[[str], UsageTotal | None],
        holds_back: Callable[[], bool],
        carried: Mapping[str, Any],
    ) -> None:
        self._spending = spending
        self._attempts = attempts
        self._options = options
        self._usage_of = usage_of
        self._holds_back = holds_back
        self._baselines = {
            part: _Baseline(attempts, UsageTotal.model_validate(usage)) for part, (attempts, usage) in carried.items()
        }

    def carry(self) -> dict[str, Any]:
        """Return what the next history needs: the baselines of the calls in flight."""
        return {part: [base.attempts, base.usage.model_dump(mode="json")] for part, base in self._baselines.items()}

    async def call(self, call: TurnCall, run: PartRunner) -> TurnAnswer:
        """Make the call; see `Host.call_model`."""
        part = call.part.id
        worst = worst_case(call.info, call.turn, call.tokens_before)
        params = call.turn.model_dump(mode="json", exclude_defaults=True)
        self._spending.open(call.owner, call.budget)
        self._attempts.model_calls[part] = call.info.model
        try:
            if self._spending.charges(part):
                result = await self._charged(call, worst, params, run)
            else:
                result = await run(call.part, params, lambda _: _ready(call.part))
        finally:
            del self._attempts.model_calls[part]
        return TurnAnswer(result, tokens_after(worst, _usage_in(call, result)))

    async def _charged(self, call: TurnCall, worst: WorstCase, params: dict[str, Any], run: PartRunner) -> AgentResult:
        if worst.output_tokens is None:
            reason = "give it `max_tokens` in `settings`, or `max_tokens` to its alias in WAND_MODELS"
            raise failure(BUDGET_UNBOUNDED, f"nothing limits the replies of {call.info.model}: {reason}")
        limited = await self._granted(call, worst, 0)

        async def begin(earlier: int) -> Node:
            nonlocal limited
            if earlier > self._baselines[call.part.id].attempts:  # the one before ended with its worker
                self._settle(call, earlier)
                limited = await self._granted(call, worst, earlier)
            return limited

        made: int | None = None
        try:
            result = await run(limited, params, begin)
            made = result.attempt
            return result
        except Exception as error:
            made = node_failure(limited, self._options, error, self._baseline(call.part.id).attempts).attempt
            raise
        finally:
            self._settle(call, made)

    async def _granted(self, call: TurnCall, worst: WorstCase, earlier: int) -> Node:
        """Return the part with as many attempts as are granted, once it may start."""
        part = call.part
        known = self._spending.granted(part.id)
        if known is not None:  # it began in an earlier history
            return _limited(part, self._options, known)
        attempts = await self._spending.grant(part.id, part.id, worst.amount, 1 + retries_of(part, self._options))
        self._baselines[part.id] = _Baseline(earlier, self._usage_of(part.id) or UsageTotal())
        try:
            if self._holds_back():
                await until_free(self._holds_back)
        except asyncio.CancelledError:
            self._settle(call, earlier)
            raise
        return _limited(part, self._options, attempts)

    def _baseline(self, part: str) -> _Baseline:
        return self._baselines.get(part, _Baseline(0, UsageTotal()))

    def _settle(self, call: TurnCall, made: int | None) -> None:
        """Charge the activity of a call. `made`: the attempts of the part so far; None if nobody knows: as many as were
        granted then.
        """
        part = call.part.id
        granted, base = self._spending.granted(part), self._baselines.pop(part, None)
        if granted is None or base is None:
            return
        told = _difference(self._usage_of(part) or UsageTotal(), base.usage)
        attempts = granted if made is None else made - base.attempts
        whole = told.requests - told.partial_requests
        self._spending.settle(part, Amount.of(told, call.info.price), attempts - whole)


async def _ready(part: Node) -> Node:
    return part


def _limited(part: Node, options: Options, attempts: int) -> Node:
    """Return the part with so many attempts at most, whatever its rules of retries say."""
    retries = min(attempts - 1, retries_of(part, options))
    rules = tuple(
        rule.model_copy(update={"retries": min(rule.retries or 0, retries)}) for rule in rules_of(part, options)
    )
    return part.model_copy(update={"retries": retries} | ({"retry": rules} if rules else {}))


def _difference(now: UsageTotal, before: UsageTotal) -> Usage:
    """Return what was used since `before`. `usd` is null if the price of any of it is unknown."""
    counts = {name: max(getattr(now, name) - getattr(before, name), 0) for name in _COUNTS}
    unpriced = now.unpriced_requests > before.unpriced_requests
    return Usage(**counts, usd=None if unpriced else max((now.usd or 0.0) - (before.usd or 0.0), 0.0))


_COUNTS = ("requests", "partial_requests", "input_tokens", "output_tokens")


def _usage_in(call: TurnCall, result: AgentResult) -> Usage:
    return Usage.model_validate(used_by_reply(call.part, result.output).get("usage", {}))
