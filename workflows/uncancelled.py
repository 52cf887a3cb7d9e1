"""Waits that a cancellation of the run does not end."""

import asyncio
from typing import Any


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
