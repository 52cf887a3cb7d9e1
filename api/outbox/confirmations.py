"""Records in the database that runs were started, those of some milliseconds in one statement and without delaying
callers.
"""

import asyncio
import logging
from contextlib import suppress

from wand_orchestrator.errors import Unavailable, WandError
from wand_orchestrator.storage import Store

GATHER_SEC = 0.2
"""Runs started within it are confirmed in one statement, which is not in the way of a run that takes no longer."""

RETRY_SEC = 2.0

log = logging.getLogger(__name__)


class Confirmations:
    """Collects runs that were started; `run` is the background task that records them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._started: set[str] = set()
        self._news = asyncio.Event()

    def __contains__(self, run_id: str) -> bool:
        """Return whether the run was started and is not recorded yet."""
        return run_id in self._started

    def add(self, run_id: str) -> None:
        """Add a run whose workflow was started."""
        self._started.add(run_id)
        self._news.set()

    def discard(self, run_id: str) -> None:
        """Drop a run that was deleted, so that it is not recorded."""
        self._started.discard(run_id)

    async def run(self) -> None:
        """Record runs until cancelled."""
        if self._started:  # left by a run of this task that failed
            self._news.set()
        while True:
            await self._news.wait()
            await asyncio.sleep(GATHER_SEC)
            self._news.clear()
            try:
                await self._confirm()
            except WandError as error:
                log.info("started runs are confirmed later: %s", error.message)
                self._news.set()
                await asyncio.sleep(RETRY_SEC)

    async def close(self) -> None:
        """Record the rest if the database answers; otherwise another process does, or this one after a restart."""
        with suppress(Unavailable):
            await self._confirm()

    async def _confirm(self) -> None:
        started = set(self._started)
        await self._store.runs.confirm_started(started)
        self._started -= started
