"""Bounds the bytes of large bodies processed at once: each takes a multiple of its size until it is answered."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wand_orchestrator.errors import WandError

WAIT_SEC = 1.5
"""Who has no place by then is told to ask again, within the time in which every call is answered."""


class Busy(WandError):
    """Too many bytes are being processed; the caller has to wait."""

    code = "busy"
    status = 503


class BodyBudget:
    """Shares a budget of bytes among bodies. One body always fits, however large; callers wait in turn."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._used = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def place(self, size: int) -> AsyncIterator[None]:
        """Reserve a place for a body. Raises Busy if none is free within WAIT_SEC."""
        await self._take(size)
        try:
            yield
        finally:
            self._used -= size
            self._admit()

    async def _take(self, size: int) -> None:
        turn = (size, asyncio.get_running_loop().create_future())
        self._waiting.append(turn)
        self._admit()
        try:
            await asyncio.wait_for(asyncio.shield(turn[1]), WAIT_SEC)
        except TimeoutError as error:
            if turn[1].done():  # admitted in the last moment
                return
            self._waiting.remove(turn)
            raise Busy("many large bodies are worked on just now: send this one again in a moment") from error
        except asyncio.CancelledError:
            if turn[1].done():
                self._used -= size
            else:
                self._waiting.remove(turn)
            self._admit()
            raise

    def _admit(self) -> None:
        while self._waiting and (not self._used or self._used + self._waiting[0][0] <= self._total):
            size, turn = self._waiting.popleft()
            self._used += size
            turn.set_result(None)
