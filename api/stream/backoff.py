"""Pauses between attempts to reach an unavailable service."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from wand_orchestrator.api.temporal.errors import QueryFailed, TaskFailed
from wand_orchestrator.errors import Unavailable

FIRST_SEC = 0.2
LAST_SEC = 3.0

T = TypeVar("T")

log = logging.getLogger(__name__)


class Backoff:
    def __init__(self) -> None:
        self._pause = FIRST_SEC

    def next(self) -> float:
        """Return the seconds of the next pause: twice the one before, with jitter."""
        pause = self._pause * random.uniform(0.7, 1.0)
        self._pause = min(LAST_SEC, self._pause * 2)
        return pause

    async def wait(self) -> None:
        await asyncio.sleep(self.next())

    def reset(self) -> None:
        self._pause = FIRST_SEC


async def persist(read: Callable[[], Awaitable[T]]) -> T:
    """Retry until the service is available; the connections of subscribers stay open meanwhile."""
    backoff = Backoff()
    while True:
        try:
            return await read()
        except (Unavailable, QueryFailed, TaskFailed) as error:
            log.debug("read again later: %s", error.message)
            await backoff.wait()
