"""A bell: tells the relay in this process that a run's journal grew, without a word to the server.

The worker rings it from the thread of a workflow task; the relay waits for it in its event loop.
"""

import asyncio
import threading
from collections import defaultdict


class Bell:
    """Ring it from any thread; each listener has an event of its own in its own loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = defaultdict(list)

    def listen(self, run_id: str) -> asyncio.Event:
        """An event that is set at every ring for this run, until `leave`."""
        event = asyncio.Event()
        with self._lock:
            self._listeners[run_id].append((asyncio.get_running_loop(), event))
        return event

    def leave(self, run_id: str, event: asyncio.Event) -> None:
        with self._lock:
            rest = [entry for entry in self._listeners.pop(run_id, []) if entry[1] is not event]
            if rest:
                self._listeners[run_id] = rest

    def ring(self, run_id: str) -> None:
        with self._lock:
            listeners = list(self._listeners.get(run_id, ()))
        for loop, event in listeners:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)
