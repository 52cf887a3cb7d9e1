"""What a subscriber is given: a run that goes on is followed, one that has ended is read from the archive."""

import asyncio
from collections.abc import AsyncGenerator

from api.budget import Budget
from api.launcher import Launcher
from api.relay import Relay
from api.run_reader import RunReader
from api.shared import Shared
from wand_orchestrator.storage import Run


class Streams:
    def __init__(self, relay: Relay, launcher: Launcher, runs: RunReader) -> None:
        self._relay = relay
        self._launcher = launcher
        self._runs = runs
        self._looks: Shared[str, Run | None] = Shared()

    async def after(self, run_id: str, seq: int) -> AsyncGenerator[bytes] | None:
        """SSE of the run's events with a higher seq; None if it has ended and there are none.

        Raises NotFound, Unavailable.
        """
        row = None if self._goes_on(run_id, seq) else await self._known(run_id)
        if row is None or not row.status.ended:
            return self._relay.live(run_id, seq)
        return None if seq >= row.last_seq else self._relay.archived(run_id, seq)

    def _goes_on(self, run_id: str, seq: int) -> bool:
        """Whether it is known here that there is such a run, and that it has not ended or that none of it was
        received."""
        return self._relay.goes_on(run_id) or (seq == 0 and self._launcher.has_just_started(run_id))

    async def _known(self, run_id: str) -> Run | None:
        """As `RunReader.known`; many who come at once share one look."""
        return await asyncio.shield(self._looks.ask(run_id, lambda: self._runs.known(run_id, Budget())))
