"""Reads a run's events, each exactly once, across lost connections; and the text that its agents emit."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from http import HTTPStatus
from types import TracebackType
from typing import Generic, Self, TypeVar

from wand_orchestrator.client._async.connection import FIRST_RECONNECT_SEC, LONGEST_PAUSE_SEC, AsyncApiConnection
from wand_orchestrator.client.routes import path_of
from wand_orchestrator.client.run_errors import WaitTimeout
from wand_orchestrator.client.run_event import RunEvent
from wand_orchestrator.client.sse_lines import SseLines
from wand_orchestrator.contract.emitted_text import Delta
from wand_orchestrator.errors import Unavailable

STREAM_SILENCE_SEC = 40.0
"""The API sends a comment every 15 s; a connection that is silent for so long is dead."""

Item = TypeVar("Item")


class AsyncRunStream(Generic[Item]):
    """The items of a run, to be iterated over once. It ends with the run's last event.

    A loop that is left early leaves the connection open until `aclose`, or until the end of a block `async with`.
    """

    def __init__(self, items: AsyncGenerator[Item, None]) -> None:
        self._items = items

    def __aiter__(self) -> AsyncIterator[Item]:
        return self._items

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._items.aclose()


class AsyncRunFollower:
    """Follows one run from the event `after` on. `timeout`: seconds, after which it raises WaitTimeout."""

    def __init__(
        self, connection: AsyncApiConnection, run_id: str, after: int = 0, *, deltas: bool, timeout: float | None = None
    ) -> None:
        self._connection = connection
        self._run_id = run_id
        self._last = after
        self._deltas = deltas
        self._timeout = timeout
        self._until = None if timeout is None else time.monotonic() + timeout
        self._pause = FIRST_RECONNECT_SEC
        self._ended = False

    async def items(self) -> AsyncGenerator[RunEvent | Delta | Unavailable, None]:
        """Yield every item, and the error that broke a connection before the next. Raises NotFound, WaitTimeout."""
        while not self._ended:
            lost: Unavailable | None = None
            try:
                async with aclosing(self._connected()) as connected:
                    async for item in connected:
                        yield item
            except Unavailable as error:
                lost = self._lost(error)
            if lost is not None:
                yield lost
            if not self._ended:
                await self.rest(lost)

    async def _connected(self) -> AsyncGenerator[RunEvent | Delta, None]:
        """Yield the items of one connection."""
        silence = min(STREAM_SILENCE_SEC, self._left())
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(self._last)}
        path = path_of("stream_events", {"run_id": self._run_id})
        async with self._connection.stream(path, headers, silence, deltas=self._deltas) as answer:
            self._ended = answer.status_code == HTTPStatus.NO_CONTENT
            lines = SseLines()
            async for piece in answer.aiter_bytes():
                for item in lines.take(piece):
                    self._note(item)
                    yield item
                    if self._ended:
                        return
                if self._left() < silence - 1 and self._left() < STREAM_SILENCE_SEC / 2:
                    return  # the connection could be silent for longer than there is time

    def _note(self, item: RunEvent | Delta) -> None:
        self._pause = FIRST_RECONNECT_SEC
        if isinstance(item, RunEvent):
            self._last = item.seq
            self._ended = item.ends_run

    async def rest(self, lost: Unavailable | None) -> None:
        """Wait before the next request. Raises WaitTimeout."""
        retry_after = 0 if lost is None else lost.fields.get("retry_after", 0)
        await asyncio.sleep(min(max(self._pause, retry_after), LONGEST_PAUSE_SEC, self._left()))
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SEC)

    def _left(self) -> float:
        """Return the seconds that are left. Raises WaitTimeout if none are."""
        if self._until is None or self._timeout is None:
            return float("inf")
        left = self._until - time.monotonic()
        if left <= 0:
            raise WaitTimeout(self._run_id, self._timeout)
        return left

    def _lost(self, error: Unavailable) -> Unavailable:
        """Return the error for a lost connection; the run is not affected."""
        reason = str(error.__cause__ or error.message) or "no answer"
        lost = Unavailable("api", f"the connection to {self._connection.url} is lost ({reason}): trying again")
        lost.fields |= error.fields
        return lost


async def items_of(follower: AsyncRunFollower) -> AsyncGenerator[RunEvent | Delta, None]:
    """Yield what a run tells, without the losses of connections."""
    async with aclosing(follower.items()) as items:
        async for item in items:
            if not isinstance(item, Unavailable):
                yield item


async def events_of(follower: AsyncRunFollower) -> AsyncGenerator[RunEvent, None]:
    """Yield the events alone."""
    async with aclosing(follower.items()) as items:
        async for item in items:
            if isinstance(item, RunEvent):
                yield item
