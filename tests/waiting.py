"""Waiting on a condition, never on the clock."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Value = TypeVar("Value")

PATIENCE_SEC = 60.0


async def eventually(holds: Callable[[], bool], patience_sec: float = PATIENCE_SEC) -> None:
    """Until `holds()`; TimeoutError after `patience_sec`."""
    async with asyncio.timeout(patience_sec):
        while not holds():
            await asyncio.sleep(0.01)


async def until(
    read: Callable[[], Awaitable[Value]], holds: Callable[[Value], bool], patience_sec: float = PATIENCE_SEC
) -> Value:
    """Read until what was read satisfies `holds`, and give it; TimeoutError after `patience_sec`."""
    async with asyncio.timeout(patience_sec):
        while not holds(value := await read()):
            await asyncio.sleep(0.02)
    return value
