"""The emission feed: passes text that agents emit, while they run, to the relay in the same process.

An emission is the text of one attempt. It costs its agent an append, and wakes somebody only if somebody is subscribed
to its run or to a run above it. What is in it stands in no history and in no journal.

Agents emit in threads and on event loops; listeners wait in their own event loops.
"""

import asyncio
import threading
from collections import defaultdict
from dataclasses import dataclass, field

from pydantic_core import to_json

from wand_orchestrator.contract.emitted_text import HEARTBEAT_TEXT_BYTES, EmittedText, Names
from wand_orchestrator.temporal.text_window import TextWindow

KEPT = 256 * 1024
"""Code points that are kept of the text of one attempt: a longer one loses its beginning for who comes late."""

HEARD_SEC = 0.02
UNHEARD_SEC = 0.05
"""Between two looks at what an agent emits, while somebody in this process is subscribed to its run, and while nobody
is: heartbeats are sent every 0.5 s at most."""


@dataclass(frozen=True)
class Piece:
    """Text that follows what somebody has of an emission. `begun`, and an offset other than that which was asked for:
    it begins anew.
    """

    begun: int
    offset: int
    text: str


class Emission:
    """The text that one attempt emits. Its methods may be called from any thread.

    `above`: the runs above its own, and the node's name in the events of each. `feed`: is told of the first text, and
    of each further one.
    """

    def __init__(
        self, run_id: str, node: str, attempt: int, *, above: Names = (), feed: "EmissionFeed | None" = None
    ) -> None:
        self.attempt = attempt
        self.names: dict[str, str] = {run_id: node, **dict(above)}
        self._above = above
        self._feed = feed
        self._lock = threading.Lock()
        self._text = TextWindow(KEPT)
        self._begun = 0
        self._closed = False
        self._grown: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def emit(self, text: str) -> None:
        """Append text."""
        self.place(None, text)

    def place(self, offset: int | None, text: str) -> None:
        """Add a text that begins at `offset`; None for the end of what there is."""
        if not text:
            return
        with self._lock:
            if self._closed:
                return
            first = self._text.end == 0 and self._begun == 0
            self._text.place(self._text.end if offset is None else offset, text)
        self._tell(first)

    def hear(self, told: EmittedText) -> bool:
        """Take what a heartbeat of this attempt told; return whether it was news."""
        with self._lock:
            before = (self._begun, self._text.end)
            if told.begun != self._begun:
                self._begun, self._text = told.begun, TextWindow(KEPT)
            self._text.place(told.offset, told.text)
            return (self._begun, self._text.end) != before

    def begin_anew(self) -> None:
        """Drop the text, as the agent runs from its beginning again, within the same attempt."""
        with self._lock:
            if self._text.end == 0:
                return
            self._begun, self._text = self._begun + 1, TextWindow(KEPT)

    def close(self) -> None:
        """Take no more text; listeners keep what there is."""
        with self._lock:
            self._closed = True
        if self._feed is not None:
            self._feed.remove(self)

    def after(self, begun: int, offset: int) -> Piece | None:
        """Return what follows, for somebody who has the text of this beginning up to `offset`; None if there is
        nothing.
        """
        with self._lock:
            known = offset if begun == self._begun else 0
            start, text = self._text.since(known)
            return Piece(self._begun, start, text) if text else None

    def has(self, begun: int, final: str) -> bool:
        """Return whether the text of this beginning is where `final` begins."""
        piece = self.after(begun, 0)
        return piece is not None and piece.begun == begun and piece.offset == 0 and final.startswith(piece.text)

    @property
    def interval_sec(self) -> float:
        """How often text should come from where the agent runs."""
        return HEARD_SEC if self._feed is not None and self._feed.listens(self) else UNHEARD_SEC

    @property
    def whole(self) -> str | None:
        """The whole text; None if there is none, or its beginning is no longer kept."""
        with self._lock:
            return self._text.since(0)[1] if self._text.start == 0 and self._text.end else None

    def so_far(self, limit: int = HEARTBEAT_TEXT_BYTES) -> EmittedText | None:
        """Return as much of the end of the text as fits into a heartbeat; None if there is none."""
        with self._lock:
            if self._text.end == 0:
                return None
            begun, (start, text) = self._begun, self._text.since(self._text.end - limit)
        while (surplus := len(to_json(text)) - limit) > 0:
            cut = max(surplus // 6, 256)  # six bytes of JSON are the most that one character takes
            start, text = start + cut, text[cut:]
        return EmittedText(attempt=self.attempt, begun=begun, offset=start, text=text, above=self._above)

    async def grows(self, seconds: float) -> None:
        """Wait until text is added, for so long at most; called on one event loop only."""
        if self._grown is None:
            self._grown = asyncio.get_running_loop(), asyncio.Event()
        grown = self._grown[1]
        try:
            async with asyncio.timeout(seconds):
                await grown.wait()
        except TimeoutError:
            return
        grown.clear()

    def _tell(self, first: bool) -> None:
        if self._grown is not None:
            loop, grown = self._grown
            if not grown.is_set() and not loop.is_closed():
                loop.call_soon_threadsafe(grown.set)
        if self._feed is not None:
            self._feed.grown(self, first)


@dataclass(eq=False)
class EmissionListener:
    """Wakes a reader in its own event loop when text of its run is emitted. The reader clears `grown` before it
    reads.
    """

    run_id: str
    grown: asyncio.Event = field(default_factory=asyncio.Event)
    _arrived: list[Emission] = field(default_factory=list)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arrived(self) -> list[Emission]:
        """Return the emissions that are new since the last call."""
        with self._lock:
            arrived, self._arrived = self._arrived, []
        return arrived

    def add(self, emission: Emission) -> None:
        with self._lock:
            self._arrived.append(emission)

    def wake(self) -> None:
        """Set the flag; may be called from any thread."""
        if not self.grown.is_set() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.grown.set)


class EmissionFeed:
    """Connects the attempts that run in this process with the relay, by run. `workers`: the identities of the workers
    in this process, whose text comes by this feed and need not be looked for elsewhere.
    """

    def __init__(self) -> None:
        self.workers: set[str] = set()
        self._lock = threading.Lock()
        self._emissions: dict[str, dict[int, Emission]] = defaultdict(dict)
        self._listeners: dict[str, list[EmissionListener]] = defaultdict(list)

    def listen(self, run_id: str) -> EmissionListener:
        """Return a listener of this run and the runs below it, until `leave`; it begins with what there is."""
        listener = EmissionListener(run_id)
        with self._lock:
            for emission in self._emissions.get(run_id, {}).values():
                listener.add(emission)
            self._listeners[run_id].append(listener)
        listener.grown.set()
        return listener

    def leave(self, listener: EmissionListener) -> None:
        with self._lock:
            rest = [other for other in self._listeners.pop(listener.run_id, []) if other is not listener]
            if rest:
                self._listeners[listener.run_id] = rest

    def listens(self, emission: Emission) -> bool:
        """Return whether anybody listens to a run of this emission."""
        return bool(self._listeners) and any(run_id in self._listeners for run_id in emission.names)

    def grown(self, emission: Emission, first: bool) -> None:
        """Wake who listens to a run of this emission. `first`: the feed does not know it yet."""
        if not first and not self._listeners:
            return
        with self._lock:
            if first:
                for run_id in emission.names:
                    self._emissions[run_id][id(emission)] = emission
            listening = [other for run_id in emission.names for other in self._listeners.get(run_id, ())]
            if first:
                for listener in listening:
                    listener.add(emission)
        for listener in listening:
            listener.wake()

    def remove(self, emission: Emission) -> None:
        with self._lock:
            for run_id in emission.names:
                known = self._emissions.pop(run_id, {})
                known.pop(id(emission), None)
                if known:
                    self._emissions[run_id] = known
