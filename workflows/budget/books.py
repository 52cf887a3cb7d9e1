"""Charges the model calls of one run to its budgets: that of the run, those of nodes, and those of runs above it.

A call is granted before it is made, and settled after it, in the workflow, where all branches meet. One that does not
fit waits while others are in flight, which may cost less than was reserved for them; if none is, the budget is used up.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from temporalio.exceptions import ApplicationError

from wand_orchestrator.contract.codes import BUDGET_EXCEEDED, BUDGET_UNBOUNDED
from wand_orchestrator.contract.run import RunInput
from wand_orchestrator.contract.spending import BudgetChange
from wand_orchestrator.contract.state import wholes_of
from wand_orchestrator.graph import SpendingBudget
from wand_orchestrator.workflows.budget.amount import Amount
from wand_orchestrator.workflows.budget.ledger import Granted, Later, Ledger, UsedUp, Verdict

RUN = ""
"""Names the ledger of the run, among those of nodes."""


class Above(Protocol):
    """Represents the budgets of the runs above this one; see `ParentBudget`."""

    def ask(self, call: str, each: Amount, attempts: int) -> Awaitable[int]: ...
    def end(self, call: str, told: Amount, untold: int) -> None: ...


@dataclass(eq=False)
class _Request:
    key: str
    ledgers: list[str]
    each: Amount
    attempts: int


class Spending:
    """Grants and settles model calls. `pause(reason)` pauses the run, `paused` says whether it is; `parent` asks the
    budgets above. `wait(condition)` returns once the condition holds. `carried`: what `carry` returned in the previous
    history.
    """

    def __init__(
        self,
        run: RunInput,
        carried: Mapping[str, Any],
        pause: Callable[[str], None],
        paused: Callable[[], bool],
        parent: Above | None,
        wait: Callable[[Callable[[], bool]], Awaitable[None]],
    ) -> None:
        self._wait = wait
        self._pause = pause
        self._paused = paused
        self._parent = parent
        self._granted: dict[str, int] = dict(carried.get("granted", {}))
        """Attempts, by call."""
        self._queue: list[_Request] = []
        self._version = 0
        self._ledgers: dict[str, Ledger] = {}
        for name, books in carried.get("ledgers", {}).items():
            self._ledgers[name] = Ledger.restore(books)
        if run.graph.options.budget is not None and RUN not in self._ledgers:
            self._ledgers[RUN] = Ledger(run.graph.options.budget)

    def carry(self) -> dict[str, Any]:
        """Return what the next history needs."""
        return {"granted": self._granted, "ledgers": {name: books.carry() for name, books in self._ledgers.items()}}

    def keep(self, spent: Mapping[str, Any], budget: SpendingBudget | None) -> None:
        """Count what the run had spent that this one retries. `budget`: of this run, in place of what that one had."""
        for name, books in spent.items():
            self._ledgers[name] = Ledger.restore(books)
        if budget is not None:
            self._ledgers.setdefault(RUN, Ledger(budget)).limit = budget

    def open(self, owner: str, budget: SpendingBudget | None) -> None:
        """Begin to charge a node's own budget, if it has one and is not charged already."""
        if budget is not None:
            self._ledgers.setdefault(owner, Ledger(budget))

    def charges(self, node: str) -> bool:
        """Return whether model calls of this node, or of a part of it, are charged to any budget."""
        return self._parent is not None or bool(self._above(node))

    def granted(self, key: str) -> int | None:
        """Return how many attempts were granted to a call that is not settled yet; None if there is no such call."""
        return self._granted.get(key)

    def budget_of(self, node: str | None) -> SpendingBudget | None:
        """Return the budget of the run, or of a node; None if it has none."""
        ledger = self._ledgers.get(RUN if node is None else node)
        return None if ledger is None else ledger.limit

    def change(self, change: BudgetChange) -> None:
        """Replace a budget. Calls that wait are judged anew."""
        self._ledgers[RUN if change.node is None else change.node].limit = change.budget
        self._version += 1

    async def grant(self, key: str, node: str, each: Amount, attempts: int) -> int:
        """Reserve what the call `key` of `node` may cost, as soon as that fits, and return how many attempts it may
        have: at least one, and at most `attempts`.

        Raises ApplicationError `budget_exceeded` or `budget_unbounded`.
        """
        if (granted := self._granted.get(key)) is not None:
            return granted
        request = _Request(key, self._above(node), each, attempts)
        self._queue.append(request)
        try:
            granted = await self._reserve(request)
            if self._parent is not None:
                granted = await self._parent.ask(key, each, granted)
            self._granted[key] = granted
            return granted
        finally:
            self._queue.remove(request)
            self._version += 1
            if key not in self._granted:
                self._drop(key)

    def settle(self, key: str, told: Amount, untold: int) -> None:
        """Charge what a call cost: `told`, and the most that it may have cost for each of `untold` attempts."""
        if self._granted.pop(key, None) is None:
            return
        for ledger in self._ledgers.values():
            ledger.settle(key, told, untold)
        if self._parent is not None:
            self._parent.end(key, told, untold)
        self._version += 1

    def settle_all(self, prefix: str) -> None:
        """Charge in full the calls whose key begins so: nobody will tell what they cost."""
        for key in [key for key in self._granted if key.startswith(prefix)]:
            self.settle(key, Amount(), self._granted[key])

    def _above(self, node: str) -> list[str]:
        """Return the ledgers that calls of this node are charged to: its own, those of what it is a part of, the
        run's.
        """
        return [name for name in (RUN, *wholes_of(node), node) if name in self._ledgers]

    async def _reserve(self, request: _Request) -> int:
        while True:
            seen = self._version
            name, verdict = self._judge(request)
            if isinstance(verdict, Granted):
                for ledger in request.ledgers:
                    self._ledgers[ledger].reserve(request.key, request.each, verdict.attempts)
                return verdict.attempts
            if isinstance(verdict, Later):
                await self._wait(partial(self._is_past, seen))
            else:
                await self._exceeded(name, verdict, seen)

    def _judge(self, request: _Request) -> tuple[str, Verdict]:
        """Return what the ledgers say, and the one that decides. Who asked first is granted first."""
        for earlier in self._queue[: self._queue.index(request)]:
            if not set(earlier.ledgers).isdisjoint(request.ledgers) and not self._has_reserved(earlier):
                return RUN, Later()
        granted = Granted(request.attempts)
        later = None
        for name in request.ledgers:
            match self._ledgers[name].ask(request.each, request.attempts):
                case Granted() as verdict:
                    granted = min(granted, verdict, key=lambda each: each.attempts)
                case Later() as verdict:
                    later = (name, verdict)
                case UsedUp() as verdict:
                    return name, verdict
        return later or (RUN, granted)

    def _has_reserved(self, request: _Request) -> bool:
        return any(self._ledgers[name].attempts_of(request.key) is not None for name in request.ledgers)

    async def _exceeded(self, name: str, verdict: UsedUp, seen: int) -> None:
        """Wait until somebody resumes the run or changes a budget; raise ApplicationError if the budget does not pause
        the run.
        """
        of = "the run" if name == RUN else name
        if verdict.unbounded:
            raise _refused(BUDGET_UNBOUNDED, f"the budget of {of} cannot be kept: {verdict.reason}")
        reason = f"the budget of {of} is used up: {verdict.reason}"
        if self._ledgers[name].limit.on_exceeded == "fail":
            raise _refused(BUDGET_EXCEEDED, reason)
        self._pause(reason)
        if not self._paused():  # it is stopping
            raise _refused(BUDGET_EXCEEDED, reason)
        await self._wait(lambda: self._is_past(seen) or not self._paused())

    def _is_past(self, version: int) -> bool:
        return self._version != version

    def _drop(self, key: str) -> None:
        """Let go of what was reserved for a call that is not made."""
        for ledger in self._ledgers.values():
            ledger.settle(key, Amount(), 0)

    def spent(self) -> dict[str, Any] | None:
        """Return the ledgers as a retry of the run begins with them; None without any."""
        return {name: books.closed() for name, books in self._ledgers.items()} or None


def _refused(code: str, reason: str) -> ApplicationError:
    return ApplicationError(reason, type=code, non_retryable=True)
