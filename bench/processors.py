"""Measures the processor time of everything that a benchmark has started."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import psutil


@dataclass
class Used:
    seconds: float = 0.0


def _used() -> dict[int, float]:
    """Return the processor time of every process below this one, in seconds by pid."""
    used = {}
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            times = process.cpu_times()
            used[process.pid] = times.user + times.system
    return used


@asynccontextmanager
async def processor_time() -> AsyncIterator[Used]:
    """Yield the processor time that the systems use during the context; it is there at the end."""
    used, before = Used(), await asyncio.to_thread(_used)
    yield used
    after = await asyncio.to_thread(_used)
    used.seconds = sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())
