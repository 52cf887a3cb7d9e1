"""Reconciles runs that were ended from outside even if no caller reads them, for correct lists and for
their webhooks.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from wand_orchestrator.api.reconcile.namespace_origin import Origin
from wand_orchestrator.api.reconcile.reconciliation import JOURNAL_WAIT, Reconciliation
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.api.temporal.listings import ended_without_success
from wand_orchestrator.errors import NotFound, WandError
from wand_orchestrator.storage import Store

SWEEP_LOOK_SEC = 10.0
CALL_SEC = 5.0
"""Of the calls in the background, for which nobody waits."""

FIRST_LOOK = timedelta(days=1)
"""How far back a process looks when it begins."""

OVERLAP = timedelta(minutes=1)
"""Of two looks: Temporal lists what happened a little later."""

LOOKED_FOR = 50
"""Open runs that are asked for in each look: Temporal lists none that was deleted, or that closed long ago."""

ROWS = 500
"""Of which it is asked at once whether they have ended."""

log = logging.getLogger(__name__)


class Sweep:
    """Sweeps over runs; `run` is the background task. Several processes may sweep at once."""

    def __init__(self, executions: Executions, store: Store, settlement: Reconciliation, origin: Origin) -> None:
        self._executions = executions
        self._store = store
        self._settlement = settlement
        self._origin = origin
        self._looked_to = ""

    async def run(self) -> None:
        """Sweep until cancelled."""
        since = datetime.now(UTC) - FIRST_LOOK
        while True:
            begun = datetime.now(UTC)
            if await self._look(since):
                since = begun - OVERLAP
            await self._look_for_some(begun - OVERLAP)
            await asyncio.sleep(SWEEP_LOOK_SEC)

    async def _look(self, since: datetime) -> bool:
        """Sweep once; return whether nothing is left to reconcile."""
        try:
            closed = await ended_without_success(self._executions, since, CALL_SEC)
            settled = await self._settled(closed)
        except WandError as error:
            log.info("runs that ended from outside are settled later: %s", error.message)
            return False
        return all([await self._settle(run_id) for run_id in closed if run_id not in settled])

    async def _settled(self, run_ids: Sequence[str]) -> set[str]:
        """Return the runs that have archived their end themselves, as nearly all have."""
        settled: set[str] = set()
        for start in range(0, len(run_ids), ROWS):
            heads = await self._store.runs.heads(run_ids[start : start + ROWS])
            settled.update(run_id for run_id, head in heads.items() if head.status.ended)
        return settled

    async def _look_for_some(self, started_before: datetime) -> None:
        """Check some of the runs whose rows are open; all get their turn, however many they are."""
        try:
            await self._origin.note(CALL_SEC)
            found = await self._store.runs.open_since(started_before, self._looked_to, LOOKED_FOR)
            for run_id in found:
                description = await self._executions.describe(run_id, CALL_SEC)
                if description is None or self._settlement.status_of(description) is not None:
                    await self._settle(run_id)
            self._looked_to = found[-1] if len(found) == LOOKED_FOR else ""
        except WandError as error:
            log.info("runs that are gone or closed in Temporal are settled later: %s", error.message)

    async def _settle(self, run_id: str) -> bool:
        try:
            await self._settlement.settle(run_id, CALL_SEC, JOURNAL_WAIT)
        except NotFound:
            return True  # deleted, or of another Temporal
        except WandError as error:
            log.info("the run %s ended from outside and is settled later: %s", run_id, error.message)
            return error.status < 500
        except Exception:
            log.exception("the run %s ended from outside and cannot be settled", run_id)
        return True
