"""Keeps the last events of a run, encoded for SSE once for all subscribers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastapi.sse import format_sse_event

from wand_orchestrator.storage import StoredEvent

CHUNK_EVENTS = 100
"""Events handed to a subscriber at once: it waits for its own connection before it takes more."""

MAX_BYTES = 16 * 1024**2


@dataclass(frozen=True)
class Chunk:
    """Contains bytes to send, and the seq of the last event in them."""

    data: bytes
    last: int


def encode(event: StoredEvent) -> bytes:
    return format_sse_event(id=str(event.seq), event=event.type, data_str=event.body)


def chunk_of(events: Sequence[StoredEvent]) -> Chunk:
    return Chunk(b"".join(encode(event) for event in events), events[-1].seq)


class SseWindow:
    """Keeps at most `size` events and MAX_BYTES (one event may be larger); the window begins after the event `last`."""

    def __init__(self, last: int, size: int) -> None:
        self.last = last
        self._size = size
        self._frames: list[bytes] = []
        self._bytes = 0

    @property
    def first(self) -> int:
        """Return the lowest seq in the window, or the next one if it is empty."""
        return self.last - len(self._frames) + 1

    def extend(self, events: Iterable[StoredEvent]) -> None:
        """Add the events that follow `last`."""
        for event in events:
            if event.seq != self.last + 1:
                raise ValueError(f"event {event.seq} does not follow {self.last}")
            frame = encode(event)
            self._frames.append(frame)
            self._bytes += len(frame)
            self.last = event.seq
        self._trim()

    def after(self, seq: int) -> Chunk | None:
        """Return what follows `seq`, which is not below `first - 1`; None if there is nothing."""
        start = max(0, seq - self.first + 1)
        frames = self._frames[start : start + CHUNK_EVENTS]
        return Chunk(b"".join(frames), seq + len(frames)) if frames else None

    def _trim(self) -> None:
        surplus = max(0, len(self._frames) - self._size)
        size = self._bytes - sum(len(frame) for frame in self._frames[:surplus])
        while size > MAX_BYTES and surplus < len(self._frames) - 1:
            size -= len(self._frames[surplus])
            surplus += 1
        self._bytes = size
        del self._frames[:surplus]
