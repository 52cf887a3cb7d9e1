"""What calls cost together never passes a budget, in whatever order they begin, fail, end and tell what they cost."""

import asyncio
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from temporalio.exceptions import ApplicationError

from wand_orchestrator.contract.run import RunInput
from wand_orchestrator.contract.spending import BudgetChange
from wand_orchestrator.graph import Graph, SpendingBudget
from wand_orchestrator.workflows.budget.amount import PICO, Amount
from wand_orchestrator.workflows.budget.books import Spending


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


class Run:
    """A run with these budgets, which can be paused."""

    def __init__(self, budget: SpendingBudget | None, carried: dict[str, object] | None = None) -> None:
        document = {"name": "g", "nodes": [{"id": "a", "type": "t"}]}
        graph = Graph.model_validate(document | ({"options": {"budget": budget.model_dump()}} if budget else {}))
        self.reasons: list[str] = []
        self.paused = False
        self.spending = Spending(RunInput(graph=graph), carried or {}, self.pause, lambda: self.paused, None, until)

    def pause(self, reason: str) -> None:
        self.reasons.append(reason)
        self.paused = True


class Provider:
    """Charges calls as a provider does, whatever is told of it; every attempt costs `share` of the worst case."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.charged = Amount()
        self.refused = 0

    async def call(self, run: Run, key: str, node: str, worst: Amount) -> None:
        try:
            granted = await run.spending.grant(key, node, worst, self.random.randint(1, 4))
        except ApplicationError:
            self.refused += 1
            return
        told, untold = Amount(), 0
        for _ in range(self.random.randint(0, granted)):
            for _ in range(self.random.randint(0, 3)):
                await asyncio.sleep(0)
            share = self.random.random()
            cost = Amount(int(worst.tokens * share), int((worst.money or 0) * share))
            self.charged += cost
            if self.random.random() < 0.7:
                told += cost
            else:
                untold += 1
        run.spending.settle(key, told, untold)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    tokens=st.one_of(st.none(), st.integers(1, 5000)),
    cents=st.one_of(st.none(), st.integers(1, 500)),
    of_node=st.one_of(st.none(), st.integers(1, 3000)),
    calls=st.lists(
        st.tuples(st.sampled_from(["a[0]", "a[1]", "b[0]", "m[3][0]"]), st.integers(1, 900)), min_size=1, max_size=40
    ),
)
def test_no_budget_is_ever_passed(
    seed: int, tokens: int | None, cents: int | None, of_node: int | None, calls: list[tuple[str, int]]
) -> None:
    limited = tokens is not None or cents is not None
    budget = SpendingBudget(tokens=tokens, usd=None if cents is None else cents / 100) if limited else None
    provider, at_node = Provider(seed), Provider(seed + 1)

    async def all_calls() -> Run:
        run = Run(budget)
        run.spending.open("a", SpendingBudget(tokens=of_node) if of_node is not None else None)
        works = []
        for number, (node, cost) in enumerate(calls):
            counted = at_node if node.startswith("a[") else provider
            works.append(counted.call(run, f"{node}#{number}", node, Amount(cost, cost * PICO // 100)))
        await asyncio.gather(*works)
        return run

    asyncio.run(all_calls())
    charged = provider.charged + at_node.charged
    if tokens is not None:
        assert charged.tokens <= tokens
    if cents is not None:
        assert (charged.money or 0) <= cents / 100 * PICO
    if of_node is not None:
        assert at_node.charged.tokens <= of_node
    if not limited and of_node is None:
        assert provider.refused + at_node.refused == 0


async def test_what_does_not_fit_waits_for_calls_in_flight_and_is_granted_in_order() -> None:
    run = Run(SpendingBudget(tokens=100))
    spending = run.spending
    assert await spending.grant("a[0]", "a[0]", Amount(80), 1) == 1
    begun: list[str] = []

    async def ask(key: str, tokens: int) -> None:
        await spending.grant(key, key, Amount(tokens), 1)
        begun.append(key)

    large, small = asyncio.ensure_future(ask("b[0]", 60)), asyncio.ensure_future(ask("c[0]", 10))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert begun == []
    spending.settle("a[0]", Amount(30), 0)
    await asyncio.gather(large, small)
    assert begun == ["b[0]", "c[0]"]


async def test_a_call_that_can_never_fit_is_refused_with_its_reason() -> None:
    run = Run(SpendingBudget(tokens=100))
    with pytest.raises(ApplicationError, match=r"the budget of the run is used up: .* 100 of 100 are left") as refused:
        await run.spending.grant("a[0]", "a[0]", Amount(101), 1)
    assert refused.value.type == "budget_exceeded"
    assert refused.value.non_retryable


async def test_a_budget_that_pauses_waits_until_it_is_raised() -> None:
    run = Run(SpendingBudget(tokens=100, on_exceeded="pause"))
    asking = asyncio.ensure_future(run.spending.grant("a[0]", "a[0]", Amount(101), 2))
    await until(lambda: run.paused)
    run.paused = False  # resumed without a larger budget
    await until(lambda: run.paused)
    assert len(run.reasons) == 2
    run.spending.change(BudgetChange(budget=SpendingBudget(tokens=150)))
    assert await asking == 1


async def test_a_call_that_is_cancelled_while_it_waits_reserves_nothing() -> None:
    run = Run(SpendingBudget(tokens=100))
    await run.spending.grant("a[0]", "a[0]", Amount(80), 1)
    waiting = asyncio.ensure_future(run.spending.grant("b[0]", "b[0]", Amount(60), 1))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await run.spending.grant("c[0]", "c[0]", Amount(20), 1) == 1


async def test_the_books_go_on_in_a_new_history_and_in_a_retry() -> None:
    budget = SpendingBudget(tokens=100)
    run = Run(budget)
    await run.spending.grant("a[0]", "a[0]", Amount(20), 2)
    again = Run(budget, run.spending.carry())
    assert again.spending.granted("a[0]") == 2
    assert await again.spending.grant("a[0]", "a[0]", Amount(20), 2) == 2
    again.spending.settle("a[0]", Amount(5), 1)
    spent = again.spending.spent()
    assert spent is not None

    retry = Run(budget)
    retry.spending.keep(spent, None)
    with pytest.raises(ApplicationError, match="75 of 100"):
        await retry.spending.grant("a[0]", "a[0]", Amount(76), 1)
    raised = Run(budget)
    raised.spending.keep(spent, SpendingBudget(tokens=101))
    assert await raised.spending.grant("a[0]", "a[0]", Amount(76), 1) == 1
    first = Run(None)
    first.spending.keep({}, SpendingBudget(tokens=10))
    with pytest.raises(ApplicationError, match="10 of 10"):
        await first.spending.grant("a[0]", "a[0]", Amount(11), 1)
