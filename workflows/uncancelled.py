"""Waits that a cancellation does not end, and what it still asks for after them."""

import asyncio
from typing import Any

from temporalio import workflow

PATCH = "cancelled-between-steps"


async def uncancelled(task: "asyncio.Future[Any]") -> bool:
    """Await the task to its end, whatever cancels the caller meanwhile; answers whether something did."""
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    return cancelled


def is_being_cancelled() -> bool:
    """Whether somebody has cancelled the task that runs now."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def raise_if_cancelled() -> None:
    """Raises CancelledError in a task that was cancelled while it awaited what ended well all the same.

    An activity that is done before it hears of its cancellation gives its result, and nobody is told of the
    cancellation again: what goes on to another step has to look for itself.
    """
    if is_being_cancelled() and workflow.patched(PATCH):
        raise asyncio.CancelledError
