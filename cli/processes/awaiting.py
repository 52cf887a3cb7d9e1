"""Waits for the database or Temporal if they are not up when a process starts, and logs it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from wand_orchestrator.errors import Unavailable

T = TypeVar("T")

FIRST_PAUSE_SEC = 0.5
LONGEST_PAUSE_SEC = 5.0

log = logging.getLogger("wand")


async def available(attempt: Callable[[], Awaitable[T]]) -> T:
    """Return the result of the first `attempt` that does not raise Unavailable; log each reason for waiting once."""
    pause, said = FIRST_PAUSE_SEC, ""
    while True:
        try:
            result = await attempt()
        except Unavailable as error:
            if error.message != said:
                log.warning("%s; waiting for it", error.message)
                said = error.message
        else:
            if said:
                log.info("it answers now")
            return result
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SEC)
