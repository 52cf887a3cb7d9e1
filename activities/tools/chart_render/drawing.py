"""Draws charts in processes of their own, a few at a time."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any, Literal
from weakref import WeakKeyDictionary

from wand_orchestrator.errors import AgentError

Format = Literal["svg", "png"]

PNG_SCALE = 2
"""Pixels of the image for each pixel of the spec: sharp on screens of today."""

_OUT_OF_BOUNDS = (signal.SIGXCPU, signal.SIGKILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGILL)
"""What ends a process that used up its processor time or its memory; a JavaScript engine has several ways to die."""

_SCRIPT = Path(__file__).with_name("vega_process.py")

_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
"""A process takes about a hundred megabytes and a processor, so a worker that draws many charts must queue them."""


async def draw(spec: dict[str, Any], image: Format) -> bytes:
    """Return the image. On cancellation the process is killed.

    Raises AgentError `invalid_spec` or `too_complex` if it cannot be drawn, `drawing_failed` (retryable) if the
    process died of something else.
    """
    order = json.dumps({"spec": spec, "format": image, "scale": PNG_SCALE}).encode()
    async with _slot():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", str(_SCRIPT), stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        try:
            drawn, complaint = await process.communicate(order)
        finally:
            await _end(process)
    if process.returncode != 0:
        raise _failure(process.returncode or 0, complaint.decode(errors="replace"))
    return drawn


def _slot() -> asyncio.Semaphore:
    return _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(os.cpu_count() or 1))


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


def _failure(status: int, complaint: str) -> AgentError:
    if status == 1:
        reason = " ".join(complaint.split())[:500]
        return AgentError(f"the chart cannot be drawn: {reason}", code="invalid_spec", retryable=False)
    if -status in _OUT_OF_BOUNDS:
        return AgentError("the chart takes too long or too much memory to draw", code="too_complex", retryable=False)
    return AgentError(f"the process that draws charts ended with status {status}", code="drawing_failed")
