"""Brings the text that a run's agents emit to its subscribers, for as long as there are any that want it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from wand_orchestrator.api.stream.heartbeat_texts import HeartbeatTexts
from wand_orchestrator.api.stream.text_board import Desk, TextBoard
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.contract.events import EventType
from wand_orchestrator.storage import StoredEvent
from wand_orchestrator.temporal.emission_feed import EmissionFeed, EmissionListener

GAP_SEC = 0.03
"""Between two deltas of this process's agents: no eye sees more, and every one is sent to every subscriber."""

log = logging.getLogger(__name__)


class RunTexts:
    """The texts of a run: from the emission feed of this process, and from heartbeats of others. `announce` tells
    subscribers that there is something new.
    """

    def __init__(
        self,
        run_id: str,
        executions: Executions,
        feed: EmissionFeed,
        gate: asyncio.Semaphore,
        announce: Callable[[], None],
    ) -> None:
        self._run_id = run_id
        self._feed = feed
        self._board = TextBoard()
        self._heartbeats = HeartbeatTexts(run_id, executions, feed.workers, gate)
        self._announce = announce
        self._listener: EmissionListener | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._over = False

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        """Open the desk of a subscriber."""
        desk = self._board.desk()
        if self._listener is None and not self._over:
            self._start()
        try:
            yield desk
        finally:
            self._board.leave(desk)
            if not self._board.desks:
                self.stop()

    def settle(self, events: Sequence[StoredEvent]) -> None:
        """Take events before subscribers get them: each first gets the rest of what the ended attempts emitted."""
        if self._listener is None:
            return
        self._collect(self._listener)
        self._board.settle(events)
        if any(event.type is EventType.NODE_SCHEDULED for event in events):
            self._heartbeats.scheduled()

    def end(self) -> None:
        """Read no more: the run has ended, or is no longer followed."""
        self._over = True
        self.stop()

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        if self._listener is not None:
            self._feed.leave(self._listener)
            self._listener = None

    def _start(self) -> None:
        self._listener = self._feed.listen(self._run_id)
        self._tasks = [
            asyncio.create_task(work, name=f"texts of {self._run_id}")
            for work in (self._listen(self._listener), self._look())
        ]
        for task in self._tasks:
            task.add_done_callback(_report)

    async def _listen(self, listener: EmissionListener) -> None:
        while True:
            await listener.grown.wait()
            listener.grown.clear()
            self._collect(listener)
            self._announce()
            await asyncio.sleep(GAP_SEC)

    def _collect(self, listener: EmissionListener) -> None:
        for emission in listener.arrived():
            self._board.add(emission.names[self._run_id], emission)
        self._board.renew()

    async def _look(self) -> None:
        while True:
            found = await self._heartbeats.look()
            news = [name for name, told in found if self._board.hear(name, told)]
            if news:
                self._board.renew()
                self._announce()
            await self._heartbeats.pause(bool(news))


def _report(task: asyncio.Task[None]) -> None:
    """Log why a task failed: events are streamed without it, and only the text is missing."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s cannot be read", task.get_name(), exc_info=error)
