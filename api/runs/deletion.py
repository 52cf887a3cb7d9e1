"""Deletes runs that have ended: from the database at once, and from everywhere else right after.

The database comes first, because it decides what is there: from then on every reader is told that there is no such
run, and nobody writes of it again (`wand_orchestrator.storage.deletions`). Temporal deletes when it gets to it, and
the stores of artifacts and payloads may be away; a crash before they are done leaves the rest to the next look.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from wand_orchestrator.api.outbox.outbox import Outbox
from wand_orchestrator.api.reconcile.reconciliation import Reconciliation
from wand_orchestrator.api.runs.reader import RunReader
from wand_orchestrator.api.temporal import listings
from wand_orchestrator.api.temporal.budget import CallBudget
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.errors import NotFound, Unavailable, WandError
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.files.payloads import PayloadStore
from wand_orchestrator.storage import Run, Store
from wand_orchestrator.storage.deletions import not_ended, part_of_another

DESCRIBE_SEC = 0.8
CALL_SEC = 5.0
"""Of the calls in the background, for which nobody waits."""

RETRY_SEC = 2.0
"""Between two looks while something is left."""

DELETION_LOOK_SEC = 30.0
"""Between two looks when nothing is: for what another process left behind."""

KEPT = timedelta(hours=1)
"""So long a deletion is remembered after all was clean: an agent that outlived its run may still keep files with it."""

BATCH = 100
AT_ONCE = 8

log = logging.getLogger(__name__)


class RunRemoval:
    """Deletes runs, and what belongs to them; `run` is its background task."""

    def __init__(
        self,
        executions: Executions,
        store: Store,
        runs: RunReader,
        launcher: Outbox,
        artifacts: ArtifactStore,
        payloads: PayloadStore,
    ) -> None:
        self._executions = executions
        self._store = store
        self._runs = runs
        self._launcher = launcher
        self._artifacts = artifacts
        self._payloads = payloads
        self._news = asyncio.Event()

    async def delete(self, run_id: str) -> None:
        """Delete a run. Raises NotFound, also for a run that was deleted already; Conflict for an open one;
        Unavailable.
        """
        await self._require_ended(run_id)
        await self.delete_ended(run_id)

    async def delete_ended(self, run_id: str) -> None:
        """Delete a run of which the caller knows that it has ended. Raises NotFound, Unavailable."""
        await self._store.deletions.add(run_id)
        self._launcher.forget(run_id)
        self._news.set()

    async def run(self) -> None:
        """Clean up after deleted runs until cancelled."""
        while True:
            pause = await self._look()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._news.wait()
            self._news.clear()

    async def _require_ended(self, run_id: str) -> None:
        budget = CallBudget()
        row = await self._runs.row(run_id, budget)
        if isinstance(row, Unavailable):
            raise row
        if row is not None and row.part_of is not None:
            raise part_of_another(row.part_of)
        if row is None or not row.status.ended:
            await self._require_closed(run_id, row, budget)

    async def _require_closed(self, run_id: str, row: Run | None, budget: CallBudget) -> None:
        """Raise Conflict if the run is open in Temporal, or waits for its start; a run that Temporal has forgotten
        counts as closed.
        """
        description = await self._executions.describe(run_id, budget.left(DESCRIBE_SEC))
        if description is None and row is None:
            raise NotFound(f"there is no run {run_id}", code="run_not_found")
        waits = description is None and row is not None and row.status is RunStatus.PENDING
        if waits or (description is not None and Reconciliation.status_of(description) is None):
            raise not_ended(RunStatus.RUNNING if row is None else row.status)

    # What lies outside of the database

    async def _look(self) -> float:
        """Clean up after deleted runs; return the seconds until the next look."""
        try:
            left = await self._store.deletions.to_clean(BATCH)
            clean = await self._for_each(left, self._clean)
            await self._for_each(await self._store.deletions.settled(datetime.now(UTC) - KEPT, BATCH), self._forget)
        except Unavailable as error:
            log.info("deleted runs are cleaned up later: %s", error.message)
            return RETRY_SEC
        return DELETION_LOOK_SEC if all(clean) and len(left) < BATCH else RETRY_SEC

    async def _for_each(self, run_ids: Sequence[str], do: Callable[[str], Awaitable[bool]]) -> list[bool]:
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(run_id: str) -> bool:
            async with slots:
                try:
                    return await do(run_id)
                except WandError as error:
                    log.info("the deleted run %s is cleaned up later: %s", run_id, error.message)
                    return False

        return await asyncio.gather(*(one(run_id) for run_id in run_ids))

    async def _clean(self, run_id: str) -> bool:
        """Delete the run's workflows and files; return whether nothing is left of it. Until the workflows are gone, the
        deletion is repeated.
        """
        family = await listings.family(self._executions, run_id, CALL_SEC)
        for execution in family:
            await self._executions.delete(*execution, CALL_SEC)
        for id in {run_id, *(workflow_id for workflow_id, _ in family)}:
            await self._delete_files(id)
        if family:
            return False  # Temporal deletes when it gets to it
        await self._store.deletions.cleaned(run_id)
        return True

    async def _forget(self, run_id: str) -> bool:
        await self._delete_files(run_id)
        await self._store.deletions.forget(run_id)
        return True

    async def _delete_files(self, run_id: str) -> None:
        await self._artifacts.delete_run(run_id)
        await self._payloads.delete_run(run_id)
