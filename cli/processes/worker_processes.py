"""Runs several worker processes under one: Python code uses one core of a process.

Each is a `wand worker` like any other, with an identity and places of its own; the one above only watches. One that is
killed or crashes is started again. One that gives up, with its reason on standard error, ends them all, as it would
have ended alone.
"""

import asyncio
import logging
import os
import time
from collections.abc import Sequence

from wand_orchestrator.cli.processes.child_command import child_command
from wand_orchestrator.errors import WandError

RESTART_PAUSE_SEC = (1.0, 30.0)
"""Before a process is started again, at first and at most; it doubles while they do not live longer than the latter."""

GAVE_UP = 1
"""The exit status of a command that says why it ends."""

log = logging.getLogger("wand")


class WorkerGaveUp(WandError):
    """A worker process ended with its reason on standard error."""

    code = "worker_gave_up"


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


async def watch(arguments: Sequence[str], count: int) -> None:
    """Keep `count` processes of `wand *arguments` running until the task is cancelled; then stop and await them.

    Raises WorkerGaveUp when one of them gives up.
    """
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(_keep(arguments))
    except* WorkerGaveUp as gave_up:
        raise gave_up.exceptions[0] from None


async def _keep(arguments: Sequence[str]) -> None:
    shortest, longest = RESTART_PAUSE_SEC
    pause = shortest
    while True:
        began = time.monotonic()
        pid, status = await _run(arguments)
        if status == GAVE_UP:
            raise WorkerGaveUp(f"worker process {pid} gave up")
        if time.monotonic() - began > longest:
            pause = shortest
        log.warning("Worker process %d ended with status %d: starting another one in %g s", pid, status, pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, longest)


async def _run(arguments: Sequence[str]) -> tuple[int, int]:
    """Run one process to its end; return its pid and status. On cancellation the process is asked to stop
    and awaited.
    """
    async with child_command(arguments) as process:
        log.info("Worker process %d began", process.pid)
        return process.pid, await process.wait()
