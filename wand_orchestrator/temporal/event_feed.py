"""The event feed: passes events of the workflows in this process to the relay beside them, without asking the server.

An event counts once the server has accepted the workflow task in which it was published: a task can fail after that, or
be lost, and be done anew with another course. So a reader learns from the history which tasks were accepted, and gets
only what was published up to them. A workflow that lives elsewhere, or was replayed, has to be queried.

Workflows publish in the threads of their worker; listeners wait in their own event loops.
"""

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from weakref import WeakValueDictionary

from wand_orchestrator.contract.events import RUN_ENDINGS, Event
from wand_orchestrator.temporal.emission_feed import EmissionFeed

KEPT = 1000
"""Events that a RunFeed remembers; the journal of the workflow has the others."""


@dataclass(frozen=True)
class Listener:
    """Wakes a reader in its own event loop: `published` on every event of its run, `ended` on the last one.

    The reader clears a flag before it reads; until then the flag wakes nobody again.
    """

    published: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def wake(self, event: asyncio.Event) -> None:
        """Set the flag; may be called from any thread."""
        if not event.is_set() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(event.set)


class RunFeed:
    """Keeps the last events of one execution while its worker has it in memory. `worker`: that worker's identity."""

    def __init__(self, run_id: str, execution: str, worker: str, ring: Callable[[str, bool], None]) -> None:
        self.run_id = run_id
        self.execution = execution
        self.worker = worker
        self._wake = ring
        self._lock = threading.Lock()
        self._published: deque[tuple[int, Event]] = deque(maxlen=KEPT)

    def publish(self, task: int, event: Event) -> None:
        """Add an event. `task`: the id that the history gives to the start of the workflow task that publishes it."""
        with self._lock:
            if self._published and self._published[-1][1].seq != event.seq - 1:
                self._published.clear()  # what lies between was published elsewhere
            self._published.append((task, event))
        self._wake(self.run_id, event.type in RUN_ENDINGS)

    def accepted(self, task: int, after: int | None) -> Sequence[Event] | None:
        """Return the events published up to `task` with a seq above `after`; with `after` None, all that are kept.

        Returns None if some of them are no longer kept.
        """
        with self._lock:
            if not self._published:
                return None
            first = self._published[0][1].seq
            start = 0 if after is None else after + 1 - first
            if start < 0:
                return None
            return [event for published_in, event in islice(self._published, start, None) if published_in <= task]

    def awaits(self, task: int) -> bool:
        """Return whether an event was published after `task`, in a task that is yet to be accepted."""
        with self._lock:
            return bool(self._published) and self._published[-1][0] > task

    @property
    def ended(self) -> bool:
        """Return whether the run's last event was published."""
        with self._lock:
            return bool(self._published) and self._published[-1][1].type in RUN_ENDINGS


class EventFeed:
    """Connects the workflows of this process with the relay, by run id. `emissions`: does so with its agents."""

    def __init__(self) -> None:
        self.emissions = EmissionFeed()
        self._lock = threading.Lock()
        self._runs: WeakValueDictionary[str, RunFeed] = WeakValueDictionary()
        self._listeners: dict[str, list[Listener]] = defaultdict(list)

    def publisher(self, worker: str, run_id: str, execution: str) -> Callable[[int, Event], None]:
        """Return `publish` of a new RunFeed, which lives as long as the function is held."""
        run_feed = RunFeed(run_id, execution, worker, self._wake)
        with self._lock:
            self._runs[run_id] = run_feed
        return run_feed.publish

    def of_run(self, run_id: str) -> RunFeed | None:
        """Return the run's feed, if its workflow is in this process."""
        with self._lock:
            return self._runs.get(run_id)

    def listen(self, run_id: str) -> Listener:
        """Return a listener that is woken on every event of this run, until `leave`."""
        listener = Listener()
        with self._lock:
            self._listeners[run_id].append(listener)
        return listener

    def leave(self, run_id: str, listener: Listener) -> None:
        with self._lock:
            rest = [other for other in self._listeners.pop(run_id, []) if other is not listener]
            if rest:
                self._listeners[run_id] = rest

    def _wake(self, run_id: str, last: bool) -> None:
        with self._lock:
            listeners = list(self._listeners.get(run_id, ()))
        for listener in listeners:
            listener.wake(listener.published)
            if last:
                listener.wake(listener.ended)
