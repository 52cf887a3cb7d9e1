"""A feed: what the workflows in this process say, for the relay beside them, without a question to the server.

An event counts when the server has accepted the workflow task in which it was said: a task can fail after that, or be
lost, and be done anew with another course. So whoever listens learns from the history which tasks were accepted, and
hears no more than what was said up to them. A workflow that lives elsewhere, or was replayed, has to be queried.

Workflows speak in the threads of their worker; listeners wait in their own event loops.
"""

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from weakref import WeakValueDictionary

from wand_orchestrator.contract.events import RUN_ENDINGS, Event

KEPT = 1000
"""Events that a voice remembers; the journal of the workflow has the others."""


@dataclass(frozen=True)
class Ear:
    """What a listener waits for in its own event loop: that something was said of its run, that the last thing was.

    Who has heard it clears it; until then nobody is woken by it again.
    """

    said: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def ring(self, event: asyncio.Event) -> None:
        """From any thread."""
        if not event.is_set() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(event.set)


class Voice:
    """One execution, for as long as its worker keeps it in memory. `worker`: the identity of that worker."""

    def __init__(self, run_id: str, execution: str, worker: str, ring: Callable[[str, bool], None]) -> None:
        self.run_id = run_id
        self.execution = execution
        self.worker = worker
        self._ring = ring
        self._lock = threading.Lock()
        self._said: deque[tuple[int, Event]] = deque(maxlen=KEPT)

    def say(self, task: int, event: Event) -> None:
        """`task`: the id that the history gives to the start of the workflow task in which it is said."""
        with self._lock:
            if self._said and self._said[-1][1].seq != event.seq - 1:
                self._said.clear()  # what lies between was said elsewhere
            self._said.append((task, event))
        self._ring(self.run_id, event.type in RUN_ENDINGS)

    def accepted(self, task: int, after: int | None) -> Sequence[Event] | None:
        """What was said up to `task`, with a seq above `after`, or all that is remembered.

        None if it does not remember all of that.
        """
        with self._lock:
            if not self._said:
                return None
            first = self._said[0][1].seq
            start = 0 if after is None else after + 1 - first
            if start < 0:
                return None
            return [event for said_in, event in islice(self._said, start, None) if said_in <= task]

    def awaits(self, task: int) -> bool:
        """Whether it has said something after `task`, which is yet to be accepted."""
        with self._lock:
            return bool(self._said) and self._said[-1][0] > task

    @property
    def ended(self) -> bool:
        """Whether it has said the run's last event."""
        with self._lock:
            return bool(self._said) and self._said[-1][1].type in RUN_ENDINGS


class EventFeed:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._voices: WeakValueDictionary[str, Voice] = WeakValueDictionary()
        self._listeners: dict[str, list[Ear]] = defaultdict(list)

    def voice(self, worker: str, run_id: str, execution: str) -> Callable[[int, Event], None]:
        """`say` of a new voice, which lives as long as this is held."""
        voice = Voice(run_id, execution, worker, self._ring)
        with self._lock:
            self._voices[run_id] = voice
        return voice.say

    def hear(self, run_id: str) -> Voice | None:
        """The run's voice, if its workflow is in this process."""
        with self._lock:
            return self._voices.get(run_id)

    def listen(self, run_id: str) -> Ear:
        """Rung whenever something is said of this run, until `leave`."""
        ear = Ear()
        with self._lock:
            self._listeners[run_id].append(ear)
        return ear

    def leave(self, run_id: str, ear: Ear) -> None:
        with self._lock:
            rest = [other for other in self._listeners.pop(run_id, []) if other is not ear]
            if rest:
                self._listeners[run_id] = rest

    def _ring(self, run_id: str, last: bool) -> None:
        with self._lock:
            listeners = list(self._listeners.get(run_id, ()))
        for ear in listeners:
            ear.ring(ear.said)
            if last:
                ear.ring(ear.ended)
