"""Deletes what is old: runs that ended long ago, with all that belongs to them, and large payloads that nobody needs.

Every API process looks, in small steps and at a time of its own; two that do the same at once do no harm. A run is
deleted as `DELETE /runs/{id}` does it (`api.runs.deletion`). Payloads have a time of their own: they are only needed as
long as Temporal can replay the run, or show its history.
"""

import asyncio
import logging
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from wand_orchestrator.api.runs.deletion import RunRemoval
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.errors import NotFound, WandError
from wand_orchestrator.files.payloads import PayloadStore
from wand_orchestrator.files.uploads import UploadStore
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store

RETENTION_LOOK_SEC = 600.0
"""Between two looks when nothing is left, give or take a half, so that processes do not look all at once."""

STEP_SEC = 1.0
"""Between two steps while something is left: others need the database and the store, too."""

RUNS = 100
"""Deleted in one step."""

PAYLOADS = 1000
"""Deleted in one step."""

GRAPHS = 100
"""Of those that were deleted, taken away in one step."""

UPLOADS = 100
"""Deleted in one step."""

PAGES = 1000
"""Of the database's file, given back in one step."""

CALL_SEC = 5.0

log = logging.getLogger(__name__)


class Retention:
    """Deletes old runs and payloads; `run` is its background task."""

    def __init__(
        self,
        settings: Settings,
        executions: Executions,
        store: Store,
        deletions: RunRemoval,
        payloads: PayloadStore,
        uploads: UploadStore,
    ) -> None:
        self._uploads = uploads
        self._runs_for = timedelta(days=settings.retention_days) if settings.retention_days else None
        self._payloads_for = timedelta(days=settings.payload_retention_days)
        self._executions = executions
        self._store = store
        self._deletions = deletions
        self._payloads = payloads

    async def run(self) -> None:
        """Delete old runs and payloads step by step, until cancelled."""
        while True:
            try:
                more = await self.step(datetime.now(UTC))
            except WandError as error:
                log.info("what is old is deleted later: %s", error.message)
                more = False
            await asyncio.sleep(STEP_SEC if more else RETENTION_LOOK_SEC * random.uniform(0.5, 1.5))

    async def step(self, now: datetime) -> bool:
        """Delete some of what is old at this time; return whether there may be more of it. Raises Unavailable."""
        runs = 0 if self._runs_for is None else await self._delete_runs(now - self._runs_for)
        payloads = await self._payloads.collect(now - self._payloads_for, self._is_open, PAYLOADS)
        if runs or payloads:
            log.info("deleted because of their age: %d runs, %d payloads", runs, payloads)
        graphs = await self._store.graphs.forget_unused(GRAPHS)
        await self._store.links.forget(now)
        uploads = await self._uploads.collect(now, UPLOADS)
        more = uploads == UPLOADS or runs == RUNS or payloads >= PAYLOADS or graphs == GRAPHS
        return await self._store.shrink(PAGES) or more

    async def _delete_runs(self, before: datetime) -> int:
        old = await self._store.runs.ended_before(before, RUNS)
        for run_id in old:
            with suppress(NotFound):  # another process was quicker
                await self._deletions.delete_ended(run_id)
        return len(old)

    async def _is_open(self, workflow_id: str) -> bool:
        return await self._executions.is_open(workflow_id, CALL_SEC)
