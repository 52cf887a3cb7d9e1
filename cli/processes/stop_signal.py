"""Handles Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_ENDED_BY_FORCE = 130


async def run_until_stopped(work: Coroutine[Any, Any, None], farewell: Callable[[], None] = lambda: None) -> None:
    """Run `work`, and cancel it at the first signal, after `farewell` was called; `work` closes what it opened."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    asked = False

    def ask() -> None:
        nonlocal asked
        if asked:
            # What must not outlive this process hangs on its end: see cli/processes/watchdog.py.
            os._exit(_ENDED_BY_FORCE)
        asked = True
        farewell()
        task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, ask)
    try:
        await task
    except asyncio.CancelledError:
        if not asked:
            raise
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
