"""What subscribers are shown of emitted text: all of it once, whenever they come, and nothing of an ended attempt."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wand_orchestrator.api.stream.text_board import MOST_OWED_BYTES, TextBoard
from wand_orchestrator.contract.emitted_text import EmittedText
from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.storage import StoredEvent
from wand_orchestrator.temporal.emission_feed import Emission

Json = dict[str, Any]


def _event(type: EventType, node: str = "n", attempt: int | None = 1, **data: Any) -> StoredEvent:
    event = Event(seq=1, ts=datetime.now(UTC), type=type, node=node, attempt=attempt, data=data)
    return StoredEvent(1, type, event.model_dump_json())


def _deltas(frames: bytes) -> list[Json]:
    found = []
    for frame in frames.split(b"\n\n")[:-1]:
        lines = dict(line.split(b": ", 1) for line in frame.splitlines())
        assert set(lines) == {b"event", b"data"}
        assert lines[b"event"] == b"node.delta"
        found.append(json.loads(lines[b"data"]))
    return found


def _shown(deltas: list[Json], before: str = "") -> str:
    """What a client shows that follows the rule of docs/events.md."""
    for delta in deltas:
        before = before + delta["text"] if delta["offset"] else delta["text"]
    return before


def _on_board(board: TextBoard, node: str = "n", attempt: int = 1) -> Emission:
    emission = Emission("r_1", node, attempt)
    board.add(node, emission)
    return emission


def test_each_subscriber_gets_what_it_does_not_have() -> None:
    board = TextBoard()
    first = board.desk()
    emission = _on_board(board)
    emission.emit("one ")
    assert _deltas(first.take()) == [
        {"type": "node.delta", "node": "n", "attempt": 1, "offset": 0, "text": "one "},
    ]
    late = board.desk()
    emission.emit("two")
    board.renew()

    assert _deltas(first.take())[0] | {"offset": 4, "text": "two"} == _deltas(late.take())[0] | {
        "offset": 4,
        "text": "two",
    }
    assert first.take() == late.take() == b""


@given(st.lists(st.one_of(st.text(min_size=1, max_size=20), st.sampled_from([0, 1, 2])), max_size=30))
def test_every_subscriber_shows_the_text_in_the_end(steps: list[str | int]) -> None:
    """A number has that subscriber look, or come back with nothing; a text is emitted."""
    board, emission = TextBoard(), Emission("r_1", "n", 1)
    board.add("n", emission)
    desks, shown, whole = [board.desk() for _ in range(3)], ["", "", ""], ""
    for step in steps:
        if isinstance(step, str):
            emission.emit(step)
            board.renew()
            whole += step
        elif step == 2:
            board.leave(desks[2])
            desks[2] = board.desk()
        else:
            shown[step] = _shown(_deltas(desks[step].take()), shown[step])
    shown[2] = _shown(_deltas(desks[2].take()), shown[2])
    board.settle([_event(EventType.NODE_SUCCEEDED, text=whole)])

    for number, desk in enumerate(desks):
        has_looked = number == 2 or number in steps
        assert _shown(_deltas(desk.owed()), shown[number]) == (whole if has_looked else "")
        assert desk.take() == b""


def test_the_last_event_of_a_node_brings_what_no_heartbeat_told() -> None:
    board = TextBoard()
    desk, absent = board.desk(), board.desk()
    assert board.hear("n", EmittedText(attempt=1, text="half"))
    assert _shown(_deltas(desk.take())) == "half"

    board.settle([_event(EventType.NODE_SUCCEEDED, text="half and half")])

    assert [(delta["offset"], delta["text"]) for delta in _deltas(desk.owed())] == [(4, " and half")]
    assert absent.owed() == b""
    assert not board.hear("n", EmittedText(attempt=1, text="half"))


def test_a_text_that_began_anew_unheard_is_given_whole() -> None:
    board = TextBoard()
    desk = board.desk()
    board.hear("n", EmittedText(attempt=1, text="a lost beginning"))
    desk.take()

    board.settle([_event(EventType.NODE_SUCCEEDED, text="the whole text")])

    assert [(delta["offset"], delta["text"]) for delta in _deltas(desk.owed())] == [(0, "the whole text")]


def test_the_next_attempt_begins_at_0_and_the_one_before_is_not_heard_again() -> None:
    board = TextBoard()
    desk = board.desk()
    board.hear("n", EmittedText(attempt=1, text="first"))
    desk.take()
    board.settle([_event(EventType.NODE_RETRYING)])
    assert not board.hear("n", EmittedText(attempt=1, text="first and late"))
    assert desk.take() == b""

    assert board.hear("n", EmittedText(attempt=2, text="second"))

    assert [(delta["attempt"], delta["offset"], delta["text"]) for delta in _deltas(desk.take())] == [(2, 0, "second")]


def test_a_node_that_is_scheduled_again_may_count_its_attempts_from_1() -> None:
    board = TextBoard()
    board.hear("n", EmittedText(attempt=1, text="first"))
    board.settle([_event(EventType.NODE_FAILED)])
    assert not board.hear("n", EmittedText(attempt=1, text="first"))

    board.settle([_event(EventType.NODE_SCHEDULED, attempt=None)])

    assert board.hear("n", EmittedText(attempt=1, text="again"))


def test_an_attempt_of_this_process_is_not_heard_of_by_its_heartbeats() -> None:
    board = TextBoard()
    desk = board.desk()
    _on_board(board).emit("all of it")

    assert not board.hear("n", EmittedText(attempt=1, text="all"))

    assert _shown(_deltas(desk.take())) == "all of it"


def test_the_end_of_an_earlier_attempt_takes_nothing_from_the_next_one() -> None:
    board = TextBoard()
    desk = board.desk()
    _on_board(board, attempt=2).emit("second")

    board.settle([_event(EventType.NODE_RETRYING, attempt=1)])

    assert _shown(_deltas(desk.take())) == "second"


def test_a_cancelled_text_is_given_up_to_its_end() -> None:
    board = TextBoard()
    desk = board.desk()
    emission = _on_board(board)
    emission.emit("begun")
    desk.take()
    emission.emit(" and cut")

    board.settle([_event(EventType.NODE_CANCELLED, attempt=None)])

    assert [delta["text"] for delta in _deltas(desk.owed())] == [" and cut"]


def test_a_subscriber_that_does_not_read_is_owed_no_more_than_a_bound() -> None:
    board = TextBoard()
    desk = board.desk()
    desk.take()
    for number in range(30):
        _on_board(board, f"n{number}").emit("x" * 100_000)
        board.settle([_event(EventType.NODE_SUCCEEDED, f"n{number}")])

    assert len(desk.owed()) < MOST_OWED_BYTES + 200_000
