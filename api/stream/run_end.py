"""Waits for the end of a run on behalf of a caller who would rather wait than ask again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any

from wand_orchestrator.api.runs.models import RunView
from wand_orchestrator.api.runs.reader import RunReader
from wand_orchestrator.api.stream.relay import Relay

LOOK_SEC = 0.2
"""Between two looks at a run whose end has been told and is not yet in the database."""

Receive = Callable[[], Awaitable[Any]]


class RunEnd:
    """Waits for the end of a run for one caller, on which the run does not depend. It shares the run's follower with
    subscribers.
    """

    def __init__(self, relay: Relay, runs: RunReader) -> None:
        self._relay = relay
        self._runs = runs

    async def wait(self, run_id: str, seconds: float, receive: Receive) -> RunView | None:
        """Return the run once it has ended; None after the seconds, if the caller leaves, and if this process stops.

        `receive`: of the caller's connection, whose request has been read.
        """
        waiting = asyncio.create_task(self._ended(run_id), name=f"waits for the end of {run_id}")
        leaving = asyncio.create_task(_left(receive), name=f"looks whether the caller waits for {run_id}")
        try:
            await asyncio.wait({waiting, leaving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return waiting.result() if waiting.done() else None
        finally:
            waiting.cancel()
            leaving.cancel()
            for task in (waiting, leaving):
                with suppress(asyncio.CancelledError, Exception):
                    await task

    async def _ended(self, run_id: str) -> RunView | None:
        async with aclosing(self._relay.live(run_id, 0)) as chunks:
            async for _ in chunks:
                pass
        while not self._relay.closed:
            view = await self._runs.read(run_id)
            if view.status.ended:
                return view
            await asyncio.sleep(LOOK_SEC)
        return None


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
