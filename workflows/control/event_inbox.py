"""Keeps the events that were sent to a run until nodes that wait for them take them.

An event that comes only joins a queue of bounded length; nodes look at it afterwards, each when the workflow task has
room for a check against its schema. It goes to the oldest node that waits for its name and whose schema it fits.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from temporalio import workflow

from wand_orchestrator.contract.bounds import MAX_DEPTH, is_too_deep
from wand_orchestrator.contract.codes import EVENT_INVALID, EVENTS_FULL
from wand_orchestrator.contract.limits import MAX_HELD_EVENT_BYTES, MAX_HELD_EVENTS
from wand_orchestrator.contract.queries import EventRefusal
from wand_orchestrator.contract.steering import SentEvent
from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.validation.json_schema import MAX_SCHEMA_STEPS
from wand_orchestrator.workflows.size import size_up_to


class Taker(Protocol):
    """Represents a node that waits for events of one name. `seen`: the number of the last event that it has checked."""

    seen: int

    @property
    def event_name(self) -> str: ...

    @property
    def taken(self) -> Sequence[Any]:
        """The data of the events that the node has taken."""

    @property
    def complete(self) -> bool:
        """Whether the node has all events that it waits for."""

    def misfit(self, data: Any, budget: Budget | None = None) -> str | None:
        """Return why the data does not fit the node's schema; None if it does."""


@dataclass(frozen=True)
class KeptEvent:
    """Contains an event that no node has taken; `number`: from 1, in the order of arrival."""

    number: int
    name: str
    data: Any
    size: int


class EventInbox:
    """Queues events, bounded in number and bytes together with the events that waiting nodes have taken.

    `carried`: what `carry` gave in the history before this one.
    """

    def __init__(self, carried: Mapping[str, Any] | None = None) -> None:
        self._last: int = carried["last"] if carried else 0
        self._kept: dict[str, list[KeptEvent]] = defaultdict(list)
        self._takers: dict[str, list[Taker]] = defaultdict(list)
        self._held = 0
        self._bytes = 0
        for number, name, data in carried["kept"] if carried else ():
            self._keep(KeptEvent(number, name, data, _size(data)))

    def refuse(self, event: SentEvent) -> EventRefusal | None:
        """Return why this event cannot be kept now; None if it can."""
        if is_too_deep(event.data):
            message = f"the data has lists and objects more than {MAX_DEPTH} deep"
            return EventRefusal(code=EVENT_INVALID, message=message)
        if self._held >= MAX_HELD_EVENTS or self._bytes + _size(event.data) > MAX_HELD_EVENT_BYTES:
            return EventRefusal(code=EVENTS_FULL, message=_FULL)
        return None

    def put(self, event: SentEvent) -> None:
        """Queue the event for the nodes. One that `refuse` refuses is dropped, with a warning in the log."""
        if refusal := self.refuse(event):
            workflow.logger.warning("an event %s is dropped: %s", event.name, refusal.message)
            return
        self._last += 1
        self._keep(KeptEvent(self._last, event.name, event.data, _size(event.data)))

    def misfit(self, event: SentEvent) -> EventRefusal | None:
        """Return why no node that waits for this event can take it; None if one can, or none waits."""
        budget, misfits = Budget(MAX_SCHEMA_STEPS), []
        for taker in self._takers[event.name]:
            if (misfit := taker.misfit(event.data, budget)) is None:
                return None
            misfits.append(misfit)
        if not misfits:
            return None
        message = f"the data does not fit the schema of the node that waits: {misfits[0]}"
        return EventRefusal(code=EVENT_INVALID, message=message)

    @contextmanager
    def open(self, taker: Taker) -> Iterator[None]:
        """Register the node as waiting for the time of the context; the events that it has taken count as held."""
        sizes = sum(map(_size, taker.taken))
        self._held, self._bytes = self._held + len(taker.taken), self._bytes + sizes
        self._takers[taker.event_name].append(taker)
        try:
            yield
        finally:
            self._takers[taker.event_name].remove(taker)
            self._held -= len(taker.taken)
            self._bytes -= sum(map(_size, taker.taken))

    def next_for(self, taker: Taker) -> KeptEvent | None:
        """Return the next event for this node; None if there is none, or older nodes have to check it first."""
        kept = self._kept[taker.event_name]
        if not kept or kept[-1].number <= taker.seen:
            return None
        event = next(event for event in kept if event.number > taker.seen)
        for other in self._takers[taker.event_name]:
            if other is taker:
                return event
            if other.seen < event.number and not other.complete:
                return None
        return event

    def take(self, event: KeptEvent) -> Any:
        """Remove the event from the queue; return its data."""
        self._kept[event.name].remove(event)
        return event.data

    def carry(self) -> dict[str, Any]:
        """Return the events that no node has taken, for a new history."""
        kept = sorted((event for events in self._kept.values() for event in events), key=lambda event: event.number)
        return {"last": self._last, "kept": [(event.number, event.name, event.data) for event in kept]}

    def _keep(self, event: KeptEvent) -> None:
        self._kept[event.name].append(event)
        self._held, self._bytes = self._held + 1, self._bytes + event.size


def _size(data: Any) -> int:
    return size_up_to(data, MAX_HELD_EVENT_BYTES)


_FULL = f"the run holds {MAX_HELD_EVENTS} events or {MAX_HELD_EVENT_BYTES} bytes of them, which no node has used up yet"
