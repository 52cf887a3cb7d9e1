"""Measures the memory of a process."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

SAMPLE_SEC = 0.5


@dataclass
class Peak:
    mb: float


def resident_mb(pid: int) -> float:
    """Return the resident set size in MB, from `ps`, which every system has."""
    answer = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(answer.stdout) / 1024


@asynccontextmanager
async def peak_resident(pid: int) -> AsyncIterator[Peak]:
    """Yield the peak of the process's memory, measured again and again during the context."""
    peak = Peak(await asyncio.to_thread(resident_mb, pid))
    looking = asyncio.create_task(_look(pid, peak))
    try:
        yield peak
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        peak.mb = max(peak.mb, await asyncio.to_thread(resident_mb, pid))


async def _look(pid: int, peak: Peak) -> None:
    while True:
        await asyncio.sleep(SAMPLE_SEC)
        peak.mb = max(peak.mb, await asyncio.to_thread(resident_mb, pid))
