"""Background tasks that fail are logged, named and begun again."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from tests.waiting import eventually
from wand_orchestrator.api.supervision import Supervision


@asynccontextmanager
async def supervised(*, well_after_sec: float, **tasks: Callable[[], Awaitable[None]]) -> AsyncIterator[Supervision]:
    supervision = Supervision(tasks, well_after_sec)
    running = asyncio.create_task(supervision.run())
    try:
        yield supervision
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


class Failing:
    """Fails at its first `failures` beginnings, by an error of a kind that nobody foresaw."""

    def __init__(self, failures: int) -> None:
        self.begun = 0
        self.ended = False
        self._failures = failures

    async def run(self) -> None:
        self.begun += 1
        if self.begun <= self._failures:
            raise TypeError("nobody foresaw this")
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True


async def test_a_task_that_fails_is_logged_with_its_trace_and_begins_again(caplog: pytest.LogCaptureFixture) -> None:
    work, other = Failing(2), Failing(0)
    with caplog.at_level(logging.ERROR):
        async with supervised(well_after_sec=60, sweeps=work.run, sends=other.run) as supervision:
            await eventually(lambda: work.begun == 3)
            assert supervision.faults == {"sweeps": "sweeps: TypeError"}
    assert other.begun == 1
    assert work.ended
    assert other.ended
    assert [record.exc_info is not None for record in caplog.records] == [True, True]
    assert "sweeps" in caplog.records[0].getMessage()


async def test_it_is_well_again_when_it_has_run_for_a_while() -> None:
    work = Failing(1)
    async with supervised(well_after_sec=0.05, sweeps=work.run) as supervision:
        await eventually(lambda: work.begun == 2)
        await eventually(lambda: supervision.faults == {})


async def test_a_task_that_just_ends_has_failed_as_well() -> None:
    async def ends() -> None:
        return

    async with supervised(well_after_sec=60, ends=ends) as supervision:
        await eventually(lambda: supervision.faults == {"ends": "ends: RuntimeError"})
