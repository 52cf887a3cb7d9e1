"""Turns the events of runs into SSE, with one follower for each run and any number of subscribers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from fastapi.sse import EventSourceResponse
from starlette.types import Receive, Scope, Send

from wand_orchestrator.api.outbox.outbox import Outbox
from wand_orchestrator.api.runs.reader import RunReader
from wand_orchestrator.api.stream.backoff import persist
from wand_orchestrator.api.stream.follower import PAGE, Follower
from wand_orchestrator.api.stream.journal_reader import JournalReader
from wand_orchestrator.api.stream.single_flight import SingleFlight
from wand_orchestrator.api.stream.sse_window import chunk_of
from wand_orchestrator.api.temporal.budget import ANSWER_SEC, CallBudget
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.errors import BadRequest, Unavailable
from wand_orchestrator.storage import Run
from wand_orchestrator.temporal.event_feed import EventFeed

LOOKS_AT_ONCE = 8
"""At heartbeats of agents in other processes, by all followers of this process."""


class Relay:
    def __init__(self, executions: Executions, reader: JournalReader, feed: EventFeed, window_size: int) -> None:
        self._executions = executions
        self._reader = reader
        self._feed = feed
        self._window_size = window_size
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)
        self._followers: dict[str, Follower] = {}
        self._stopping: set[asyncio.Task[None]] = set()
        self.closed = False

    async def live(self, run_id: str, after: int, *, deltas: bool = False) -> AsyncGenerator[bytes]:
        """Yield the SSE of an open run, up to its last event; with `deltas` also the text that its agents emit."""
        follower = self._join(run_id)
        try:
            async with aclosing((follower.chunks_with_text if deltas else follower.chunks)(after)) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            self._leave(follower)

    async def archived(self, run_id: str, after: int) -> AsyncGenerator[bytes]:
        """Yield the SSE of an ended run. A busy or unavailable database is waited for, as the answer has
        begun by then.
        """
        ended = False
        while not ended:
            page = await persist(partial(self._reader.archived, run_id, after, PAGE))
            ended = page.ended
            if page.events:
                after = page.events[-1].seq
                yield chunk_of(page.events).data

    async def close(self) -> None:
        """End all streams; their callers reconnect elsewhere with `Last-Event-ID`, and miss nothing."""
        self.closed = True
        followers = list(self._followers.values())
        self._followers.clear()
        await asyncio.gather(*(follower.stop() for follower in followers), *self._stopping)

    @property
    def followers(self) -> int:
        """Return the number of followed runs."""
        return len(self._followers)

    def goes_on(self, run_id: str) -> bool:
        """Return whether the run is known, without asking another service, to exist and not to have ended."""
        follower = self._followers.get(run_id)
        return follower is not None and follower.live and not follower.failed

    def last_seq(self, run_id: str) -> int:
        """Return the seq of the last event known here; 0 if the run is not followed."""
        follower = self._followers.get(run_id)
        return 0 if follower is None else follower.last_seq

    def _join(self, run_id: str) -> Follower:
        follower = self._followers.get(run_id)
        if follower is None or follower.failed:
            follower = Follower(run_id, self._executions, self._reader, self._feed, self._window_size, self._looks)
            self._followers[run_id] = follower
            follower.start()
        follower.subscribers += 1
        return follower

    def _leave(self, follower: Follower) -> None:
        follower.subscribers -= 1
        if follower.subscribers:
            return
        if self._followers.get(follower.run_id) is follower:
            del self._followers[follower.run_id]
        stopping = asyncio.create_task(follower.stop())
        self._stopping.add(stopping)
        stopping.add_done_callback(self._stopping.discard)


class EventStream(EventSourceResponse):
    """The response of a subscriber; its source is closed with it, whichever side ends it."""

    def __init__(self, chunks: AsyncGenerator[bytes]) -> None:
        super().__init__(chunks, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._chunks):
            await super().__call__(scope, receive, send)


class Streams:
    def __init__(self, relay: Relay, reader: JournalReader, launcher: Outbox, runs: RunReader) -> None:
        self._relay = relay
        self._reader = reader
        self._launcher = launcher
        self._runs = runs
        self._looks: SingleFlight[str, Run | None] = SingleFlight()

    async def after(
        self, run_id: str, seq: int, *, received: bool = False, deltas: bool = True
    ) -> AsyncGenerator[bytes] | None:
        """Return the SSE of the run's events with a higher seq; None if it has ended and there are none.

        `received`: the caller says that it has this event. `deltas`: it wants the text that agents emit. Raises
        NotFound, Unavailable; BadRequest if there is no such event.
        """
        row = None if self._goes_on(run_id, seq) else await self._known(run_id)
        if row is None or not row.status.ended:
            if received and not await self._has_happened(run_id, seq):
                raise _no_event(seq)
            return self._relay.live(run_id, seq, deltas=deltas)
        if received and seq > row.last_seq:
            raise _no_event(seq)
        return None if seq >= row.last_seq else self._relay.archived(run_id, seq)

    async def _has_happened(self, run_id: str, seq: int) -> bool:
        """Return whether an event of this seq has happened; assumed while no service can tell, as clients do not retry
        a refused stream.
        """
        if seq <= self._relay.last_seq(run_id):
            return True
        try:
            return seq <= await self._reader.last_seq(run_id, ANSWER_SEC / 2)
        except Unavailable:
            return True

    def _goes_on(self, run_id: str, seq: int) -> bool:
        """Return whether this process knows that the run exists, and that it has not ended or none
        of it was received.
        """
        return self._relay.goes_on(run_id) or (seq == 0 and self._launcher.has_just_started(run_id))

    async def _known(self, run_id: str) -> Run | None:
        """Return what `RunReader.known` returns; simultaneous callers share one read."""
        return await asyncio.shield(self._looks.ask(run_id, lambda: self._runs.known(run_id, CallBudget())))


def _no_event(seq: int) -> BadRequest:
    return BadRequest(f"the run has no event {seq} to go on from", code="bad_event_id")
