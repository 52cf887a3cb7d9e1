"""Waiting on a condition, never on the clock."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

Value = TypeVar("Value")

PATIENCE_SEC = 60.0

_FIRST_PAUSE_SEC = 0.01
_LAST_PAUSE_SEC = 0.25
"""Between two looks: they are soon after the begin, and few where it takes long, as each takes from what is awaited."""


async def eventually(holds: Callable[[], bool], patience_sec: float = PATIENCE_SEC) -> None:
    """Until `holds()`; TimeoutError after `patience_sec`."""
    async with asyncio.timeout(patience_sec):
        for pause in pauses():
            if holds():
                return
            await asyncio.sleep(pause)


async def until(
    read: Callable[[], Awaitable[Value]], holds: Callable[[Value], bool], patience_sec: float = PATIENCE_SEC
) -> Value:
    """Read until what was read satisfies `holds`, and give it; TimeoutError after `patience_sec`."""
    async with asyncio.timeout(patience_sec):
        for pause in pauses():
            if holds(value := await read()):
                return value
            await asyncio.sleep(pause)
    raise AssertionError("pauses do not end")


def pauses(last_sec: float = _LAST_PAUSE_SEC) -> Iterator[float]:
    """Seconds to wait between two looks, without end."""
    pause = _FIRST_PAUSE_SEC
    while True:
        yield pause
        pause = min(last_sec, 1.15 * pause)
