"""Large bodies have places by their bytes, in turn; who finds none in time is told to ask again."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from wand_orchestrator.api.http import body_budget
from wand_orchestrator.api.http.body_budget import BodyBudget, Busy


async def test_what_fits_together_has_its_places_at_once() -> None:
    budget = BodyBudget(10)
    async with budget.place(4), budget.place(6):
        pass


async def test_one_that_is_larger_than_all_has_the_place_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_budget, "WAIT_SEC", 0)
    budget = BodyBudget(10)
    async with budget.place(99):
        with pytest.raises(Busy):
            async with budget.place(1):
                pass
    async with budget.place(1):
        pass


async def test_who_waits_comes_in_turn_and_who_gives_up_holds_nobody_up() -> None:
    budget, order = BodyBudget(10), []

    async def enter(name: str, size: int) -> None:
        async with budget.place(size):
            order.append(name)

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(budget.place(10))
        tasks = [asyncio.create_task(enter(name, size)) for name, size in (("a", 9), ("gone", 9), ("b", 1))]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.wait({tasks[1]})
        assert order == []
    await asyncio.gather(tasks[0], tasks[2])
    assert order == ["a", "b"]
