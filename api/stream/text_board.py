"""Shows the subscribers of one run the text that its agents emit, until the events that tell how they ended.

A desk belongs to one subscriber, and knows how much of each text it has been given: a new subscriber gets what there is
so far. When a node's last event comes, every desk first owes its subscriber the rest of the text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastapi.sse import format_sse_event

from wand_orchestrator.contract.emitted_text import NODE_DELTA, Delta, EmittedText
from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.storage import StoredEvent
from wand_orchestrator.temporal.emission_feed import Emission

ENDINGS = frozenset(
    {
        EventType.NODE_RETRYING,
        EventType.NODE_SUCCEEDED,
        EventType.NODE_FAILED,
        EventType.NODE_CANCELLED,
        EventType.NODE_SKIPPED,
    }
)
"""Of an attempt."""

MOST_OWED_BYTES = 1024**2
"""A subscriber that reads so slowly gets further texts only with the events that tell of their nodes' ends."""


@dataclass(frozen=True)
class Shown:
    """How much of an emission a subscriber has been given."""

    emission: Emission
    begun: int
    offset: int


def encode(node: str, attempt: int, offset: int, text: str) -> bytes:
    """Return the SSE event of a delta. It has no id, so that the last one that a client has is that of an event."""
    delta = Delta(node=node, attempt=attempt, offset=offset, text=text)
    return format_sse_event(event=NODE_DELTA, data_str=delta.model_dump_json())


class TextBoard:
    """The texts that the agents of a run emit now, by the node's name in the events of the run."""

    def __init__(self) -> None:
        self._texts: dict[str, Emission] = {}
        self._heard: dict[str, Emission] = {}
        self._ended: dict[str, int] = {}
        self._desks: set[Desk] = set()
        self._frames: dict[tuple[int, int, int], tuple[bytes, Shown] | None] = {}

    @property
    def desks(self) -> int:
        return len(self._desks)

    @property
    def texts(self) -> Iterable[tuple[str, Emission]]:
        return self._texts.items()

    def desk(self) -> "Desk":
        """Return the desk of a new subscriber, until `leave`."""
        desk = Desk(self)
        self._desks.add(desk)
        return desk

    def leave(self, desk: "Desk") -> None:
        self._desks.discard(desk)

    def add(self, node: str, emission: Emission) -> None:
        """Show an emission of this process from now on."""
        known = self._texts.get(node)
        if known is None or known.attempt <= emission.attempt:
            self._texts[node] = emission

    def hear(self, node: str, told: EmittedText) -> bool:
        """Take what a heartbeat told; return whether it was news. One may be late: its attempt has ended by then."""
        known = self._texts.get(node)
        if told.attempt <= self._ended.get(node, 0) or (known is not None and known.attempt > told.attempt):
            return False
        if known is None or known.attempt < told.attempt:
            known = self._texts[node] = self._heard[node] = Emission("", node, told.attempt)
        return known is self._heard.get(node) and known.hear(told)

    def renew(self) -> None:
        """Have desks look again: texts have grown."""
        self._frames.clear()

    def settle(self, events: Sequence[StoredEvent]) -> None:
        """Take texts away whose attempts ended, and have every desk owe what its subscriber does not have of them."""
        if not self._texts and not self._ended:
            return
        for stored in events:
            if stored.type in ENDINGS or stored.type is EventType.NODE_SCHEDULED:
                event = Event.model_validate_json(stored.body)
                if stored.type is EventType.NODE_SCHEDULED:
                    self._ended.pop(event.node or "", None)  # a node that begins again may count from 1
                else:
                    self._end(event)

    def _end(self, event: Event) -> None:
        node = event.node or ""
        emission = self._texts.get(node)
        if emission is None or emission.attempt > (event.attempt or emission.attempt):
            return
        del self._texts[node]
        self._heard.pop(node, None)
        self._ended[node] = event.attempt or emission.attempt
        final = event.data.get("text") if event.type is EventType.NODE_SUCCEEDED else None
        if event.attempt != emission.attempt or not isinstance(final, str):
            final = None
        for desk in self._desks:
            desk.end(node, emission, final)

    def frame(self, node: str, emission: Emission, shown: Shown | None) -> tuple[bytes, Shown] | None:
        """Return the delta that follows, and how much is shown with it; None if nothing is new. Desks with the same
        share it.
        """
        begun, offset = (shown.begun, shown.offset) if shown is not None and shown.emission is emission else (-1, 0)
        key = (id(emission), begun, offset)
        if key not in self._frames:
            self._frames[key] = _next_frame(node, emission, begun, offset)
        return self._frames[key]


def _next_frame(node: str, emission: Emission, begun: int, offset: int) -> tuple[bytes, Shown] | None:
    piece = emission.after(begun, offset)
    if piece is None:
        return None
    shown = Shown(emission, piece.begun, piece.offset + len(piece.text))
    return encode(node, emission.attempt, piece.offset, piece.text), shown


class Desk:
    """What one subscriber has been given, and what it is owed. `live`: it has been given all events at some time."""

    def __init__(self, board: TextBoard) -> None:
        self._board = board
        self._shown: dict[str, Shown] = {}
        self._owed: list[bytes] = []
        self._live = False

    def owed(self) -> bytes:
        """Take what is to be given before the next event."""
        owed = b"".join(self._owed)
        self._owed.clear()
        return owed

    def take(self) -> bytes:
        """Take what is new of all texts; called when the subscriber has all events."""
        self._live = True
        frames = []
        for node, emission in self._board.texts:
            found = self._board.frame(node, emission, self._shown.get(node))
            if found is not None:
                frame, self._shown[node] = found
                frames.append(frame)
        return b"".join(frames)

    def end(self, node: str, emission: Emission, final: str | None) -> None:
        """Owe the rest of a text; `final` is the whole of it, where it is known."""
        shown = self._shown.pop(node, None)
        if not self._live or sum(map(len, self._owed)) > MOST_OWED_BYTES:
            return
        if final is None:
            found = self._board.frame(node, emission, shown)
            if found is not None:
                self._owed.append(found[0])
            return
        known = shown is not None and shown.emission is emission and emission.has(shown.begun, final)
        offset = shown.offset if known and shown is not None else 0
        if offset < len(final):
            self._owed.append(encode(node, emission.attempt, offset, final[offset:]))
