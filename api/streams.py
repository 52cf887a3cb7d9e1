"""What a subscriber is given: a run that goes on is followed, one that has ended is read from the archive."""

import asyncio
from collections.abc import AsyncGenerator

from wand_orchestrator.api.outbox.outbox import Outbox
from wand_orchestrator.api.runs.reader import RunReader
from wand_orchestrator.api.stream.journal_reader import JournalReader
from wand_orchestrator.api.stream.relay import Relay
from wand_orchestrator.api.stream.single_flight import SingleFlight
from wand_orchestrator.api.temporal.budget import ANSWER_SEC, CallBudget
from wand_orchestrator.errors import BadRequest, Unavailable
from wand_orchestrator.storage import Run


class Streams:
    def __init__(self, relay: Relay, reader: JournalReader, launcher: Outbox, runs: RunReader) -> None:
        self._relay = relay
        self._reader = reader
        self._launcher = launcher
        self._runs = runs
        self._looks: SingleFlight[str, Run | None] = SingleFlight()

    async def after(self, run_id: str, seq: int, *, received: bool = False) -> AsyncGenerator[bytes] | None:
        """SSE of the run's events with a higher seq; None if it has ended and there are none.

        `received`: the caller says that it has this event. Raises NotFound, Unavailable; BadRequest if there is no such
        event.
        """
        row = None if self._goes_on(run_id, seq) else await self._known(run_id)
        if row is None or not row.status.ended:
            if received and not await self._has_happened(run_id, seq):
                raise _no_event(seq)
            return self._relay.live(run_id, seq)
        if received and seq > row.last_seq:
            raise _no_event(seq)
        return None if seq >= row.last_seq else self._relay.archived(run_id, seq)

    async def _has_happened(self, run_id: str, seq: int) -> bool:
        """Taken for granted while nobody can tell: a stream that is refused is not asked for again."""
        if seq <= self._relay.last_seq(run_id):
            return True
        try:
            return seq <= await self._reader.last_seq(run_id, ANSWER_SEC / 2)
        except Unavailable:
            return True

    def _goes_on(self, run_id: str, seq: int) -> bool:
        """Whether it is known here that there is such a run, and that it has not ended or that none of it was
        received."""
        return self._relay.goes_on(run_id) or (seq == 0 and self._launcher.has_just_started(run_id))

    async def _known(self, run_id: str) -> Run | None:
        """As `RunReader.known`; many who come at once share one look."""
        return await asyncio.shield(self._looks.ask(run_id, lambda: self._runs.known(run_id, CallBudget())))


def _no_event(seq: int) -> BadRequest:
    return BadRequest(f"the run has no event {seq} to go on from", code="bad_event_id")
