import asyncio
import logging
from functools import partial

import pytest

from tests.waiting import eventually
from wand_orchestrator.api.outbox.start_queue import StartQueue


class Work:
    """Each piece lasts until it is let go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []
        self.let_go = asyncio.Event()

    async def do(self, key: str) -> str:
        self.begun.append(key)
        await self.let_go.wait()
        self.done.append(key)
        return key


async def test_are_taken_in_order_and_no_more_at_once_than_there_are_places() -> None:
    turns, work = StartQueue[str](3), Work()
    keys = [str(number) for number in range(20)]
    for key in keys:
        turns.take(key, partial(work.do, key))
    await eventually(lambda: len(work.begun) == 3)
    assert len(turns) == 20
    work.let_go.set()
    await eventually(lambda: not len(turns))
    assert work.begun == work.done == keys


async def test_are_taken_although_who_asked_has_left() -> None:
    turns, work = StartQueue[str](1), Work()
    turns.take("first", partial(work.do, "first"))
    assert await turns.result("second", partial(work.do, "second"), 0.01) is None
    caller = asyncio.create_task(turns.result("third", partial(work.do, "third"), 60))
    await eventually(lambda: turns.is_awaited("third"))
    assert not turns.is_awaited("second")
    caller.cancel()
    await eventually(lambda: not turns.is_awaited("third"))
    work.let_go.set()
    await eventually(lambda: work.done == ["first", "second", "third"])


async def test_are_one_for_each_key_whoever_waits_for_it() -> None:
    turns, work = StartQueue[str](1), Work()
    callers = [asyncio.create_task(turns.result("a", partial(work.do, "a"), 60)) for _ in range(5)]
    await eventually(lambda: turns.is_awaited("a"))
    work.let_go.set()
    assert await asyncio.gather(*callers) == ["a"] * 5
    assert work.begun == ["a"]
    assert "a" not in turns


async def test_that_fail_tell_who_waits_and_otherwise_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> str:
        raise ValueError("of this work")

    turns = StartQueue[str](1)
    with caplog.at_level(logging.ERROR):
        with pytest.raises(ValueError, match="of this work"):
            await turns.result("a", fail, 60)
        assert not caplog.records
        turns.take("b", fail)
        await eventually(lambda: not len(turns))
    assert "of this work" in caplog.text


async def test_that_are_left_are_ended_by_close() -> None:
    turns, work = StartQueue[str](1), Work()
    for key in "ab":
        turns.take(key, partial(work.do, key))
    await eventually(lambda: work.begun == ["a"])
    await turns.close()
    assert (work.begun, work.done, len(turns)) == (["a"], [], 0)
