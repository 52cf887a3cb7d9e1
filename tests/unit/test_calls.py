"""Calls end when what they called has really ended."""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.waiting import eventually
from wand_orchestrator.activities.runner.calls import Calls


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    with ThreadPoolExecutor(4) as threads:
        yield Calls(threads)


async def test_a_plain_function_runs_in_a_thread_and_an_async_one_on_the_loop(calls: Calls) -> None:
    async def asynchronous(x: int) -> tuple[int, int]:
        return x, threading.get_ident()

    def plain(x: int) -> tuple[int, int]:
        return x, threading.get_ident()

    assert await calls.run(asynchronous, {"x": 1}, is_async=True) == (1, threading.get_ident())
    number, thread = await calls.run(plain, {"x": 2}, is_async=False)
    assert number == 2
    assert thread != threading.get_ident()


async def test_a_cancel_reaches_an_async_function_and_is_awaited_to_its_end(calls: Calls) -> None:
    told: list[str] = []

    async def cleans_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            told.append("cleaned up")

    running = asyncio.create_task(calls.run(cleans_up, {}, is_async=True))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    calls.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert told == ["cleaned up"]


async def test_a_cancel_before_the_function_has_begun_keeps_it_from_beginning(calls: Calls) -> None:
    begun: list[bool] = []

    async def begins() -> None:
        begun.append(True)

    running = asyncio.create_task(calls.run(begins, {}, is_async=True))
    calls.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert begun == []


async def test_a_thread_is_awaited_to_its_end_although_its_caller_is_cancelled(calls: Calls) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def holds() -> None:
        begun.set()
        go_on.wait()
        ended.set()

    running = asyncio.create_task(calls.run_from_loop(holds, {}, is_async=False))
    await eventually(begun.is_set)
    running.cancel()
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.sleep(0)
    assert not running.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()


async def test_a_cancel_reaches_what_a_thread_waits_for(calls: Calls) -> None:
    told: list[str] = []
    waiting = threading.Event()

    async def waits() -> None:
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            told.append("the tool ended")

    def plain() -> None:
        try:
            calls.run_from_thread(waits, {}, is_async=True)
        finally:
            told.append("the agent ended")

    running = asyncio.create_task(calls.run(plain, {}, is_async=False))
    await eventually(waiting.is_set)
    calls.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert told == ["the tool ended", "the agent ended"]


async def test_once_cancelled_a_thread_can_call_nothing_more(calls: Calls) -> None:
    calls.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.to_thread(calls.run_from_thread, print, {}, is_async=False)


async def test_errors_come_through_as_they_are(calls: Calls) -> None:
    def fails() -> None:
        raise LookupError("gone")

    async def fails_later() -> None:
        raise LookupError("gone")

    def fails_there() -> None:
        calls.run_from_thread(fails_later, {}, is_async=True)

    for function, is_async in ((fails, False), (fails_later, True), (fails_there, False)):
        with pytest.raises(LookupError, match="gone"):
            await calls.run(function, {}, is_async=is_async)


async def test_what_would_end_the_loop_or_hang_it_becomes_an_error(calls: Calls) -> None:
    def leaves() -> None:
        raise SystemExit(3)

    async def leaves_later() -> None:
        raise SystemExit(3)

    def stops() -> Any:
        return next(iter(()))

    def interrupts() -> None:
        raise KeyboardInterrupt

    async def interrupts_later() -> None:
        raise KeyboardInterrupt

    async def closes() -> None:
        raise GeneratorExit

    for function, is_async, message in (
        (leaves, False, r"sys\.exit\(3\)"),
        (leaves_later, True, r"sys\.exit\(3\)"),
        (stops, False, "StopIteration"),
        (interrupts, False, "KeyboardInterrupt"),
        (interrupts_later, True, "KeyboardInterrupt"),
        (closes, True, "GeneratorExit"),
    ):
        with pytest.raises(RuntimeError, match=message):
            await calls.run(function, {}, is_async=is_async)
