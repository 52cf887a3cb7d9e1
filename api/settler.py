"""Settles runs that ended from outside although nobody reads them: lists are right, and their webhooks are told."""

import asyncio
import logging
import random
from datetime import UTC, datetime, timedelta

from api.executions import Executions
from api.origin import Origin
from api.settlement import Settlement
from wand_orchestrator.errors import NotFound, WandError
from wand_orchestrator.storage import Store

LOOK_SEC = 10.0
CALL_SEC = 5.0
"""Of the calls in the background, for which nobody waits."""

FIRST_LOOK = timedelta(days=1)
"""How far back a process looks when it begins."""

OVERLAP = timedelta(minutes=1)
"""Of two looks: Temporal lists what happened a little later."""

OPEN = 1000
"""Open runs of which some are looked for in each look: Temporal lists none that was deleted."""

LOOKED_FOR = 20

log = logging.getLogger(__name__)


class Settler:
    """`run` is its background task. Several processes may do the same at once."""

    def __init__(self, executions: Executions, store: Store, settlement: Settlement, origin: Origin) -> None:
        self._executions = executions
        self._store = store
        self._settlement = settlement
        self._origin = origin

    async def run(self) -> None:
        """Until cancelled."""
        since = datetime.now(UTC) - FIRST_LOOK
        while True:
            begun = datetime.now(UTC)
            if await self._look(since):
                since = begun - OVERLAP
            await self._look_for_some(begun - OVERLAP)
            await asyncio.sleep(LOOK_SEC)

    async def _look(self, since: datetime) -> bool:
        """Whether nothing is left to settle."""
        try:
            ended = await self._executions.ended_from_outside(since, CALL_SEC)
        except WandError as error:
            log.info("runs that ended from outside are settled later: %s", error.message)
            return False
        return all([await self._settle(run_id) for run_id in ended])

    async def _look_for_some(self, started_before: datetime) -> None:
        """Of the runs that are open by their rows; in time each has its turn."""
        try:
            await self._origin.note(CALL_SEC)
            found = await self._store.runs.open_since(started_before, OPEN)
            for run_id in random.sample(found, min(LOOKED_FOR, len(found))):
                if await self._executions.describe(run_id, CALL_SEC) is None:
                    await self._settle(run_id)
        except WandError as error:
            log.info("runs that were deleted in Temporal are settled later: %s", error.message)

    async def _settle(self, run_id: str) -> bool:
        try:
            await self._settlement.settle(run_id, CALL_SEC)
        except NotFound:
            return True  # deleted, or of another Temporal
        except WandError as error:
            log.info("the run %s ended from outside and is settled later: %s", run_id, error.message)
            return error.status < 500
        except Exception:
            log.exception("the run %s ended from outside and cannot be settled", run_id)
        return True
