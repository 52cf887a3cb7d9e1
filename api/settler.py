"""Settles runs that ended from outside although nobody reads them: lists are right, and their webhooks are told."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from api.executions import Executions
from api.settlement import Settlement
from wand_orchestrator.errors import WandError

LOOK_SEC = 10.0
CALL_SEC = 5.0
"""Of the calls in the background, for which nobody waits."""

FIRST_LOOK = timedelta(days=1)
"""How far back a process looks when it begins."""

OVERLAP = timedelta(minutes=1)
"""Of two looks: Temporal lists what happened a little later."""

log = logging.getLogger(__name__)


class Settler:
    """`run` is its background task. Several processes may do the same at once."""

    def __init__(self, executions: Executions, settlement: Settlement) -> None:
        self._executions = executions
        self._settlement = settlement

    async def run(self) -> None:
        """Until cancelled."""
        since = datetime.now(UTC) - FIRST_LOOK
        while True:
            begun = datetime.now(UTC)
            if await self._look(since):
                since = begun - OVERLAP
            await asyncio.sleep(LOOK_SEC)

    async def _look(self, since: datetime) -> bool:
        """Whether nothing is left to settle."""
        try:
            ended = await self._executions.ended_from_outside(since, CALL_SEC)
        except WandError as error:
            log.info("runs that ended from outside are settled later: %s", error.message)
            return False
        return all([await self._settle(run_id) for run_id in ended])

    async def _settle(self, run_id: str) -> bool:
        try:
            await self._settlement.settle(run_id, CALL_SEC)
        except WandError as error:
            log.info("the run %s ended from outside and is settled later: %s", run_id, error.message)
            return error.status < 500
        except Exception:
            log.exception("the run %s ended from outside and cannot be settled", run_id)
        return True
