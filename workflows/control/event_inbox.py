"""The events that were sent to a run, until nodes that wait for them take them.

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
    """A node that waits for events of one name. `seen`: the number of the last one that it has looked at."""

    seen: int

    @property
    def event_name(self) -> str: ...

    @property
    def taken(self) -> Sequence[Any]:
        """The data of the events that it has."""

    @property
    def complete(self) -> bool:
        """Whether it has all that it waits for."""

    def misfit(self, data: Any, budget: Budget | None = None) -> str | None:
        """Why the data does not fit its schema; None if it does."""


@dataclass(frozen=True)
class KeptEvent:
    """An event that no node has taken; `number`: from 1, in the order in which they came."""

    number: int
    name: str
    data: Any
    size: int


class EventInbox:
    """Bounded in number and bytes, together with what the nodes that wait have taken.

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
        """Why this event could not be taken or kept now; None if it can."""
        if is_too_deep(event.data):
            message = f"the data has lists and objects more than {MAX_DEPTH} deep"
            return EventRefusal(code=EVENT_INVALID, message=message)
        if self._held >= MAX_HELD_EVENTS or self._bytes + _size(event.data) > MAX_HELD_EVENT_BYTES:
            return EventRefusal(code=EVENTS_FULL, message=_FULL)
        return None

    def put(self, event: SentEvent) -> None:
        """Keep the event for the nodes to look at. One that is refused is dropped, with a warning in the log."""
        if refusal := self.refuse(event):
            workflow.logger.warning("an event %s is dropped: %s", event.name, refusal.message)
            return
        self._last += 1
        self._keep(KeptEvent(self._last, event.name, event.data, _size(event.data)))

    def misfit(self, event: SentEvent) -> EventRefusal | None:
        """Why none of the nodes that wait for this event could take it; None if one could, or none waits."""
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
        """Within it the node is one that waits; what it has taken counts as held."""
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
        """The first event that this node is to look at; None as long as older nodes have to look at it first."""
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
        """The data of the event, which is kept for nobody else any more."""
        self._kept[event.name].remove(event)
        return event.data

    def carry(self) -> dict[str, Any]:
        """What a new history needs of the events that nobody has taken."""
        kept = sorted((event for events in self._kept.values() for event in events), key=lambda event: event.number)
        return {"last": self._last, "kept": [(event.number, event.name, event.data) for event in kept]}

    def _keep(self, event: KeptEvent) -> None:
        self._kept[event.name].append(event)
        self._held, self._bytes = self._held + 1, self._bytes + event.size


def _size(data: Any) -> int:
    return size_up_to(data, MAX_HELD_EVENT_BYTES)


_FULL = f"the run holds {MAX_HELD_EVENTS} events or {MAX_HELD_EVENT_BYTES} bytes of them, which no node has used up yet"
