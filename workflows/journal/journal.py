"""The journal of a run: its events, numbered from 1 without gaps, and the state folded from them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from wand_orchestrator.contract.events import RUN_ENDINGS, TURNS, Event, EventType
from wand_orchestrator.contract.queries import (
    EventPage,
)
from wand_orchestrator.contract.state import RunState, fold
from wand_orchestrator.workflows.journal.event_texts import Entry
from wand_orchestrator.workflows.journal.log_bound import TOLD, LogBound

PAGE_BYTES = 200_000
"""A page stays below the size from which on a payload is kept elsewhere: a file for each answer would be a waste."""


NODE_EVENTS = 100
"""Of one node, in one answer."""


class Journal:
    """Appends events and pages through them.

    `now`: the workflow's clock. `tell`: called with every event, so that a relay in the same process need not ask.
    `logs`: says which log lines are kept; all, without it.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        tell: Callable[[Event], None],
        state: RunState | None = None,
        logs: LogBound | None = None,
    ) -> None:
        self.state = state or RunState()
        self.logs = logs or LogBound(lambda: False)
        self._now = now
        self._tell = tell
        self._events: list[Event] = []
        self._base = self.state.last_seq
        self._archived = self._base

    def append(self, entry: Entry, progress: int | None = None) -> None:
        """Append an event; `progress`: the run's, if it has changed. After the run's last event nothing is appended."""
        if self.ended:
            return
        kept = self._bounded(entry)
        if kept is not None:
            self._add(kept, progress)

    def _bounded(self, entry: Entry) -> Entry | None:
        """Return the entry; a warning in place of the first log line that is not kept, None for the others."""
        if entry.type is EventType.NODE_LOG and not self.logs.takes(entry.message, entry.data):
            warning = replace(entry, message=TOLD, level="warning", data={})
            return warning if self.logs.dropped == 1 else None
        if entry.type in RUN_ENDINGS and self.logs.dropped:
            return replace(entry, data=entry.data | {"dropped_log_lines": self.logs.dropped})
        return entry

    def _add(self, entry: Entry, progress: int | None) -> None:
        percent = entry.percent if entry.percent is not None else progress
        event = Event.model_construct(
            seq=self.state.last_seq + 1,
            ts=entry.at or self._now(),
            type=entry.type,
            level=entry.level,
            message=entry.message,
            progress=self.state.progress if percent is None else percent,
            node=entry.node,
            attempt=entry.attempt,
            data=entry.data,
        )
        self._events.append(event)
        fold(self.state, event)
        self._tell(event)

    @property
    def ended(self) -> bool:
        return self.state.status.ended

    def page(self, after: int, limit: int) -> EventPage:
        """Return at most `limit` events with a `seq` above `after`, and at most PAGE_BYTES of them, but at
        least one.
        """
        start = max(0, after - self._base)
        chosen: list[Event] = []
        size = 0
        for event in self._events[start : start + limit]:
            size += len(event.model_dump_json())
            if chosen and size > PAGE_BYTES:
                break
            chosen.append(event)
        return EventPage(events=tuple(chosen), first=self._base + 1, last=self.state.last_seq, ended=self.ended)

    def since(self, after: int) -> list[Event]:
        """Return all events with a `seq` above `after`."""
        return self._events[max(0, after - self._base) :]

    def of_node(self, node: str) -> tuple[Event, ...]:
        """Return the last events in which the state of this node changed: at most NODE_EVENTS."""
        return tuple([event for event in self._events if event.node == node and event.type in TURNS][-NODE_EVENTS:])

    def unarchived(self, limit: int) -> tuple[Event, ...]:
        start = self._archived - self._base
        return tuple(self._events[start : start + limit])

    def archived_to(self, seq: int) -> None:
        """Record that everything up to `seq` is in the database."""
        self._archived = max(self._archived, seq)
