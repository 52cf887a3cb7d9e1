"""Reads a run's journal from the workflow that still holds it, or from the archive in the database."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from wand_orchestrator.api.reconcile.reconciliation import Reconciliation
from wand_orchestrator.api.temporal.errors import ExecutionClosed, QueryFailed, TaskFailed, WorkflowFails
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.contract.events import LEVELS, RUN_ENDINGS, Event, Level
from wand_orchestrator.contract.queries import (
    EventPage,
)
from wand_orchestrator.errors import NotFound, Unavailable
from wand_orchestrator.storage import Store, StoredEvent

QUERY_SEC = 5.0
"""For those who can wait, such as a stream; a worker that has to replay a long run first takes its time."""

_BEYOND_ALL = 2**31 - 1


@dataclass(frozen=True)
class JournalPage:
    """A page of events in the order of `seq`. `more`: others exist already; `ended`: no others will follow."""

    events: Sequence[StoredEvent]
    more: bool
    ended: bool


@dataclass(frozen=True)
class EventSelection:
    """A page of selected events. `last`: the seq up to which the journal was searched; `ended`: no others
    will follow.
    """

    events: Sequence[StoredEvent]
    last: int
    ended: bool


class JournalReader:
    def __init__(self, executions: Executions, store: Store, settlement: Reconciliation) -> None:
        self._executions = executions
        self._store = store
        self._settlement = settlement

    async def page(self, run_id: str, after: int, limit: int, seconds: float = QUERY_SEC) -> JournalPage:
        """Return at most `limit` events with a seq above `after`.

        Raises NotFound for a run that nobody knows, Unavailable if what holds the journal does not answer.
        """
        try:
            live = await self._executions.events(run_id, after, limit, seconds)
        except ExecutionClosed:
            await self._settlement.settle(run_id, seconds)
            return await self._after_close(run_id, after, limit)
        except NotFound:
            return await self._without_workflow(run_id, after, limit)
        if live.first > after + 1 and live.last > after:
            return await self._before(run_id, live, after, limit)
        return _page_of(live)

    async def _after_close(self, run_id: str, after: int, limit: int) -> JournalPage:
        """Return the page after an execution has closed, which need not be the run's last: a query may meet the one
        before a continue-as-new.
        """
        run = await self._store.runs.get(run_id)
        page = await self.archived(run_id, after, limit)
        if run is None or run.status.ended:
            return page
        return JournalPage(page.events, more=bool(page.events), ended=False)

    async def archived(self, run_id: str, after: int, limit: int) -> JournalPage:
        """Return the page of a run that has ended in the archive."""
        events = await self._store.events.page(run_id, after, limit)
        ended = not events or events[-1].type in RUN_ENDINGS
        return JournalPage(events, more=not ended, ended=ended)

    async def selected(
        self, run_id: str, after: int, limit: int, *, node: str | None, level: Level | None, seconds: float
    ) -> EventSelection:
        """Return at most `limit` events of `node`, and of `level` or graver.

        A run that goes on is read page by page for `seconds`, so that the answer may hold fewer events than there are.
        """
        run = await self._store.runs.get(run_id)
        if run is not None and run.status.ended:
            events = await self._store.events.page(run_id, after, limit, node=node, level=level)
            ended = len(events) < limit or events[-1].seq == run.last_seq
            return EventSelection(events, run.last_seq if len(events) < limit else events[-1].seq, ended)
        until = asyncio.get_running_loop().time() + seconds
        found: list[StoredEvent] = []
        while True:
            page = await self._page_or_archived(run_id, after, limit, seconds)
            fitting = [event for event in page.events if fits(event, node, level)][: limit - len(found)]
            found += fitting
            full = len(found) == limit
            after = fitting[-1].seq if full else page.events[-1].seq if page.events else after
            if full or not page.more or asyncio.get_running_loop().time() > until:
                return EventSelection(found, after, ended=page.ended and not (full and after < page.events[-1].seq))

    async def _page_or_archived(self, run_id: str, after: int, limit: int, seconds: float) -> JournalPage:
        """Return a page; if the run's workflow cannot answer because its code fails, the page of the database."""
        try:
            return await self.page(run_id, after, limit, seconds)
        except (QueryFailed, TaskFailed, WorkflowFails):
            return JournalPage(await self._store.events.page(run_id, after, limit), more=False, ended=False)

    async def last_seq(self, run_id: str, seconds: float = QUERY_SEC) -> int:
        """Return the seq of the last event; 0 before the first."""
        try:
            return (await self._executions.events(run_id, _BEYOND_ALL, 1, seconds)).last
        except (ExecutionClosed, NotFound):
            return await self._store.events.last_seq(run_id)

    async def _before(self, run_id: str, live: EventPage, after: int, limit: int) -> JournalPage:
        """Return events that the workflow has archived, as it does before it drops them."""
        events = await self._store.events.page(run_id, after, min(limit, live.first - 1 - after))
        if not events:
            raise Unavailable("database", f"the database does not have the run's events before {live.first} yet")
        return JournalPage(events, more=True, ended=False)

    async def _without_workflow(self, run_id: str, after: int, limit: int) -> JournalPage:
        """Return the page of a run without a workflow: it is yet to be started, or Temporal has forgotten it."""
        run = await self._store.runs.get(run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id}", code="run_not_found")
        return await self.archived(run_id, after, limit) if run.status.ended else JournalPage((), False, False)


def fits(kept: StoredEvent, node: str | None, level: Level | None) -> bool:
    if node is None and level is None:
        return True
    event = Event.model_validate_json(kept.body)
    return (node is None or event.node == node) and (level is None or LEVELS.index(event.level) >= LEVELS.index(level))


def stored(event: Event) -> StoredEvent:
    return StoredEvent(event.seq, event.type, event.model_dump_json())


def _page_of(live: EventPage) -> JournalPage:
    events = [stored(event) for event in live.events]
    more = bool(events) and events[-1].seq < live.last
    return JournalPage(events, more, ended=live.ended and not more)
