"""Runs the parts of one control node, a limited number at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from temporalio import workflow


class ItemWindow:
    """Runs `start(i)` for each i in `todo`, `size` at once; calls `settled(i, future)` as each ends, which may call
    `stop`.

    `going_on`: those that had begun in the history before this one, which nothing holds back.
    """

    def __init__(
        self,
        todo: list[int],
        size: int,
        start: Callable[[int], Awaitable[Any]],
        settled: Callable[[int, "asyncio.Future[Any]"], None],
        holds_back: Callable[[], bool],
        going_on: Iterable[int] = (),
    ) -> None:
        self._todo = todo[::-1]
        self._size = size
        self._start = start
        self._settled = settled
        self._holds_back = holds_back
        self._going_on = going_on
        self._in_flight: dict[int, asyncio.Future[Any]] = {}
        self._arrived: list[int] = []
        self.stopped = False
        """Nothing more is to start, and what is in flight was cancelled."""

    @property
    def in_flight(self) -> list[int]:
        return list(self._in_flight)

    @property
    def crosses(self) -> bool:
        """Whether everything in flight still runs, and can be awaited in a new history."""
        return not self.stopped and not any(future.done() for future in self._in_flight.values())

    @property
    def busy(self) -> bool:
        return bool(self._in_flight)

    def stop(self) -> None:
        """Start no more parts, and cancel those in flight."""
        self.stopped = True
        for future in self._in_flight.values():
            future.cancel()

    async def run(self) -> None:
        """Run until all parts have ended. If it is cancelled, it cancels those in flight and awaits them."""
        try:
            for index in self._going_on:
                self._launch(index)
            while self._in_flight or (self._todo and not self.stopped):
                self._fill()
                await workflow.wait_condition(self._can_go_on)
                self._take()
        except asyncio.CancelledError:
            self.stop()
            await self._all_ended()
            raise

    async def _all_ended(self) -> None:
        """Wait until everything in flight has ended, however often the wait is cancelled."""
        while len(self._arrived) < len(self._in_flight):
            with suppress(asyncio.CancelledError):
                await workflow.wait_condition(lambda: len(self._arrived) == len(self._in_flight))

    def _can_go_on(self) -> bool:
        return bool(self._arrived) or self._may_start()

    def _may_start(self) -> bool:
        return bool(self._todo) and len(self._in_flight) < self._size and not self.stopped and not self._holds_back()

    def _fill(self) -> None:
        while self._may_start():
            self._launch(self._todo.pop())

    def _launch(self, index: int) -> None:
        future = asyncio.ensure_future(self._start(index))
        self._in_flight[index] = future
        future.add_done_callback(partial(self._arrive, index))

    def _arrive(self, index: int, _: "asyncio.Future[Any]") -> None:
        self._arrived.append(index)

    def _take(self) -> None:
        arrived, self._arrived = self._arrived, []
        for index in arrived:
            self._settled(index, self._in_flight.pop(index))
