"""Waits that survive a cancellation, and report it afterwards."""

import asyncio
from typing import Any

from wand_orchestrator.workflows.patches import patched

PATCH = "cancelled-between-steps"


async def uncancelled(task: "asyncio.Future[Any]") -> bool:
    """Await the task to its end even if the caller is cancelled meanwhile; return whether it was."""
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    return cancelled


def is_being_cancelled() -> bool:
    """Return whether the current task has been cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def raise_if_cancelled() -> None:
    """Raise CancelledError in a task that was cancelled while it awaited something that ended well nevertheless.

    An activity that is done before it hears of its cancellation gives its result, and nobody is told of the
    cancellation again: what goes on to another step has to look for itself.
    """
    if is_being_cancelled() and patched(PATCH):
        raise asyncio.CancelledError
