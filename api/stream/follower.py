"""Follows one run for all of its subscribers in this process.

It learns from the history that a workflow task was accepted, and hears what was said in it from the workflow itself, if
that is in the same process; otherwise it asks the journal reader, once for all. A subscriber is a cursor: it takes what
is in the window, or, if it is slower than the window is long, what the journal reader reads again for it. So nobody is
held up by it, and it misses nothing.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from fastapi.sse import KEEPALIVE_COMMENT

from wand_orchestrator.api.stream.backoff import Backoff, persist
from wand_orchestrator.api.stream.history_watch import HistoryWatch
from wand_orchestrator.api.stream.journal_reader import JournalPage, JournalReader, stored
from wand_orchestrator.api.stream.run_texts import RunTexts
from wand_orchestrator.api.stream.single_flight import SingleFlight
from wand_orchestrator.api.stream.sse_window import Chunk, SseWindow, chunk_of
from wand_orchestrator.api.stream.text_board import Desk
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.contract.events import RUN_ENDINGS
from wand_orchestrator.errors import Unavailable, WandError
from wand_orchestrator.storage import StoredEvent
from wand_orchestrator.temporal.event_feed import EventFeed, Listener, RunFeed

QUIET_SEC = 0.1
FIRST_GAP_SEC = 0.02
LAST_GAP_SEC = 0.2
GROWTH = 1.5


class Pace:
    def __init__(self) -> None:
        self._gap = FIRST_GAP_SEC
        self._looked = float("-inf")

    def gap(self) -> float:
        """Return the seconds to wait before the next read, and count that read."""
        now = asyncio.get_running_loop().time()
        since = now - self._looked
        if since >= QUIET_SEC:
            wait, self._gap = 0.0, FIRST_GAP_SEC
        else:
            wait, self._gap = max(0.0, self._gap - since), min(LAST_GAP_SEC, self._gap * GROWTH)
        self._looked = now + wait
        return wait


PAGE = 500
COMMENT_SEC = 15.0

FEED_SILENCE_SEC = 0.2
"""While a workflow in this process says nothing, its history is read no more often than this."""


log = logging.getLogger(__name__)


class Follower:
    """Follows a run between `start` and `stop`; subscribers only read what its task has put into the window."""

    def __init__(
        self,
        run_id: str,
        executions: Executions,
        reader: JournalReader,
        feed: EventFeed,
        window_size: int,
        looks: asyncio.Semaphore,
    ) -> None:
        self.run_id = run_id
        self.subscribers = 0
        self._watch = HistoryWatch(run_id, executions)
        self._reader = reader
        self._feed = feed
        self._window_size = window_size
        self._window: SseWindow | None = None
        self._over = False
        self.failed = False
        self._grown = asyncio.Event()
        self._older: SingleFlight[int, JournalPage] = SingleFlight()
        self._older_turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._texts = RunTexts(run_id, executions, feed.emissions, looks, self._announce)

    @property
    def live(self) -> bool:
        """Return whether the run is known to have begun and not known to have ended."""
        return self._window is not None and not self._over

    @property
    def last_seq(self) -> int:
        """Return the seq of the last known event; 0 before the first."""
        return 0 if self._window is None else self._window.last

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"follower of {self.run_id}")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._texts.end()
        await self._older.stop()

    async def chunks(self, after: int) -> AsyncGenerator[bytes]:
        """Yield the events after `after` as SSE up to the run's last one, and a comment after each silence."""
        async with aclosing(self._chunks(after, None)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def chunks_with_text(self, after: int) -> AsyncGenerator[bytes]:
        """Yield the same, and the text that agents emit while they run."""
        async with self._texts.desk() as desk, aclosing(self._chunks(after, desk)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _chunks(self, after: int, desk: Desk | None) -> AsyncGenerator[bytes]:
        cursor = after
        while True:
            grown = self._grown
            behind = self._window is not None and cursor + 1 < self._window.first
            chunk = await self._read_older(cursor) if behind else self._newer(cursor)
            owed = b"" if desk is None else desk.owed()  # before the events that tell of the texts' ends
            if chunk is not None:
                cursor = chunk.last
                yield owed + chunk.data
            elif owed:
                yield owed
            elif self.failed:
                raise Unavailable("events", f"the run {self.run_id} cannot be followed; connect again")
            elif self._over and not behind:
                return
            elif desk is not None and not behind and (text := desk.take()):
                yield text
            elif behind or not await _happens(grown, COMMENT_SEC):
                yield KEEPALIVE_COMMENT

    # What happens

    async def _run(self) -> None:
        """Follow the run until it has ended; the window stays for subscribers that have not read all of it."""
        listener = self._feed.listen(self.run_id)
        try:
            await self._follow(listener)
        except WandError as error:
            log.warning("the run %s cannot be followed: %s", self.run_id, error)
        except Exception:
            # A stream that ended here would look as if the run had: its subscribers are cut off, and come back.
            log.exception("the run %s cannot be followed", self.run_id)
            self.failed = True
        finally:
            self._feed.leave(self.run_id, listener)
            self._over = True
            self._texts.end()
            self._announce()

    async def _follow(self, listener: Listener) -> None:
        pace, unknown = Pace(), Backoff()
        while True:
            listener.published.clear()
            step = await self._watch.next()
            if step.news and await self._catch_up(step.over):
                return
            if step.over:
                self._watch.restart()
                await _happens(listener.published, unknown.next())
            else:
                await self._silence(listener)
                if step.news:
                    await self._gather(listener, pace.gap())

    async def _catch_up(self, over: bool) -> bool:
        """Take what has happened so far; return whether the run has ended."""
        heard = self._heard()
        if heard is not None:
            self._take(heard)
            if heard and heard[-1].type in RUN_ENDINGS:
                return True
        return await self._ask() if heard is None or over else False

    async def _silence(self, listener: Listener) -> None:
        """Wait until the workflow publishes something, if it is in this process; unaccepted events are polled for at
        once.
        """
        run_feed = self._run_feed()
        if run_feed is not None and not run_feed.awaits(self._watch.accepted):
            await _happens(listener.published, FEED_SILENCE_SEC)

    async def _gather(self, listener: Listener, seconds: float) -> None:
        """Wait for more events for so long, unless the run's last one is published."""
        listener.ended.clear()
        run_feed = self._run_feed()
        if run_feed is None or not run_feed.ended:
            await _happens(listener.ended, seconds)

    def _run_feed(self) -> RunFeed | None:
        run_feed = self._feed.of_run(self.run_id)
        return run_feed if run_feed is not None and run_feed.execution == self._watch.execution else None

    def _heard(self) -> Sequence[StoredEvent] | None:
        """Return what the workflow published behind the window; None if it is not here, or does not keep it all."""
        run_feed = self._run_feed()
        if run_feed is None or run_feed.worker != self._watch.worker:
            return None
        said = run_feed.accepted(self._watch.accepted, None if self._window is None else self._window.last)
        return None if said is None else [stored(event) for event in said]

    async def _ask(self) -> bool:
        """Read the events after the window; return whether the run has ended."""
        if self._window is None:
            last = await persist(lambda: self._reader.last_seq(self.run_id))
            self._window = SseWindow(max(0, last - self._window_size), self._window_size)
        window = self._window
        while True:
            page = await persist(lambda: self._reader.page(self.run_id, window.last, PAGE))
            self._take(page.events)
            if page.ended or not page.more:
                return page.ended

    def _take(self, events: Sequence[StoredEvent]) -> None:
        if not events:
            return
        if self._window is None:
            self._window = SseWindow(events[0].seq - 1, self._window_size)
        self._texts.settle(events)
        self._window.extend(events)
        self._announce()

    def _announce(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    # What subscribers take

    def _newer(self, after: int) -> Chunk | None:
        return None if self._window is None else self._window.after(after)

    async def _read_older(self, after: int) -> Chunk | None:
        """Return events before the window; None if a comment is due first. Subscribers with the same cursor share a
        read.
        """
        task = self._older.ask(after, lambda: self._fetch_older(after))
        done, _ = await asyncio.wait({task}, timeout=COMMENT_SEC)
        return chunk_of(task.result().events) if done else None

    async def _fetch_older(self, after: int) -> JournalPage:
        async with self._older_turn:
            return await persist(lambda: self._reader.page(self.run_id, after, PAGE))


async def _happens(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
