"""Emitted text: what is kept of it, who is woken, and what of it fits into a heartbeat."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from wand_orchestrator.activities.runner.values import place_of
from wand_orchestrator.contract.bounds import emitted
from wand_orchestrator.contract.emitted_text import EVENT_TEXT_BYTES, HEARTBEAT_TEXT_BYTES, EmittedText
from wand_orchestrator.contract.node import AgentResult
from wand_orchestrator.contract.run import RunParent
from wand_orchestrator.temporal.emission_feed import KEPT, Emission, EmissionFeed, Piece
from wand_orchestrator.temporal.text_window import PIECE, TextWindow
from wand_orchestrator.workflows.journal.event_texts import final_text


@given(st.lists(st.text(max_size=9000), max_size=12), st.integers(1, 5000), st.integers(0, 40_000))
def test_a_window_is_the_end_of_its_text(pieces: list[str], limit: int, offset: int) -> None:
    window = TextWindow(limit)
    for piece in pieces:
        window.append(piece)
    whole = "".join(pieces)
    longest = max(map(len, pieces), default=0)

    start, text = window.since(offset)

    assert window.end == len(whole)
    assert min(limit, len(whole)) <= window.end - window.start <= limit + PIECE + longest
    assert start == max(offset, window.start)
    assert text == whole[start:]


@given(st.text(min_size=1, max_size=300), st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=30))
def test_parts_of_a_text_that_overlap_are_the_text(whole: str, spans: list[tuple[int, int]]) -> None:
    window = TextWindow(1000)
    for offset, length in sorted(spans):
        window.place(min(offset, len(whole)), whole[offset : offset + length])

    start, text = window.since(0)

    assert text == whole[start : window.end]


def test_who_has_a_part_gets_the_rest_and_who_has_none_all() -> None:
    emission = Emission("r_1", "n", 1)
    assert emission.after(0, 0) is None
    emission.emit("one ")
    emission.emit("two")

    assert emission.after(-1, 0) == Piece(0, 0, "one two")
    assert emission.after(0, 4) == Piece(0, 4, "two")
    assert emission.after(0, 7) is None
    assert emission.whole == "one two"


def test_an_attempt_that_begins_anew_begins_its_text_anew() -> None:
    emission = Emission("r_1", "n", 1)
    emission.emit("lost")
    emission.begin_anew()
    assert emission.after(0, 4) is None
    emission.emit("kept")

    assert emission.after(0, 4) == Piece(1, 0, "kept")
    assert emission.whole == "kept"
    told = emission.so_far()
    assert told is not None
    assert (told.begun, told.text) == (1, "kept")


def test_a_very_long_text_loses_its_beginning_and_no_more() -> None:
    emission = Emission("r_1", "n", 1)
    for _ in range(3 * KEPT // 1024):
        emission.emit("x" * 1024)
    emission.emit("end")

    late, early = emission.after(-1, 0), emission.after(0, 3 * KEPT)

    assert late is not None
    assert KEPT <= len(late.text) <= KEPT + 2 * PIECE
    assert late.offset + len(late.text) == 3 * KEPT + 3
    assert early == Piece(0, 3 * KEPT, "end")
    assert emission.whole is None


@pytest.mark.parametrize("character", ["x", "\n", "\x00", "ä", "語", "😀"])
def test_a_heartbeat_stays_small_whatever_is_in_the_text(character: str) -> None:
    emission = Emission("r_1", "n", 2)
    emission.emit(character * 200_000)

    told = emission.so_far()

    assert told is not None
    assert HEARTBEAT_TEXT_BYTES // 2 < len(to_json(told.text)) <= HEARTBEAT_TEXT_BYTES
    assert told.offset + len(told.text) == 200_000
    other = Emission("r_1", "n", 2)
    assert other.hear(told)
    assert not other.hear(told)
    assert other.after(-1, 0) == Piece(0, told.offset, told.text)


def test_what_heartbeats_told_is_joined() -> None:
    heard = Emission("r_1", "n", 1)
    for offset, text in [(0, "one "), (0, "one two "), (4, "two three")]:
        assert heard.hear(EmittedText(attempt=1, offset=offset, text=text))
    assert heard.whole == "one two three"

    assert heard.hear(EmittedText(attempt=1, begun=1, offset=0, text="anew"))
    assert heard.after(0, 13) == Piece(1, 0, "anew")


async def test_a_listener_hears_of_its_run_and_of_those_below_it() -> None:
    feed = EmissionFeed()
    above = RunParent(run_id="r_1", node="sub").names_of("n")
    before = Emission("r_1.sub", "n", 1, above=above, feed=feed)
    before.emit("before")
    listener, other = feed.listen("r_1"), feed.listen("r_2")
    assert listener.arrived() == [before]
    listener.grown.clear()
    other.grown.clear()

    late = Emission("r_1", "late", 1, feed=feed)
    await asyncio.to_thread(late.emit, "x")

    await asyncio.wait_for(listener.grown.wait(), 5)
    assert listener.arrived() == [late]
    assert before.names["r_1"] == "sub/n"
    assert not other.grown.is_set()
    assert other.arrived() == []


async def test_what_has_ended_is_not_kept_for_later_listeners() -> None:
    feed = EmissionFeed()
    emission = Emission("r_1", "n", 1, feed=feed)
    emission.emit("text")
    emission.close()
    emission.emit(" of a task that was left behind")

    assert feed.listen("r_1").arrived() == []
    assert emission.whole == "text"


def test_grandchildren_are_named_through_all_runs_above() -> None:
    parent = RunParent(run_id="r_1.a", node="b", above=RunParent(run_id="r_1", node="a").names_of("b"))
    assert parent.names_of("n") == (("r_1.a", "b/n"), ("r_1", "a/b/n"))


@pytest.mark.parametrize(
    ("output", "place"),
    [
        ("the text", ""),
        ({"text": "the text", "n": 1}, "/text"),
        ({"a/b~c": "the text"}, "/a~1b~0c"),
        ({"text": "another"}, None),
        ({"k" * 2000: "the text"}, None),
        (["the text"], None),
        (None, None),
    ],
)
def test_an_event_has_the_text_that_the_output_holds(output: Any, place: str | None) -> None:
    assert place_of("the text", output) == place
    result = AgentResult(output=output, text_at=place)
    assert final_text(result) == ({} if place is None else {"text": "the text"})


def test_of_a_long_text_the_event_has_the_place() -> None:
    text = "x" * (EVENT_TEXT_BYTES + 1)
    assert final_text(AgentResult(output={"text": text}, text_at="/text")) == {"text_at": "/text"}


@pytest.mark.parametrize("place", ["/gone", "/text/deeper", "x", "/n"])
def test_a_place_that_holds_no_text_is_passed_over(place: str) -> None:
    assert final_text(AgentResult(output={"text": {}, "n": 1}, text_at=place)) == {}


def test_half_a_surrogate_pair_is_replaced_and_what_is_no_text_is_refused() -> None:
    assert emitted("a\ud83d") == "a\ufffd"
    assert emitted("\ud83d\ude00") == "😀"
    with pytest.raises(TypeError, match="takes text, not int"):
        emitted(1)  # type: ignore[arg-type]
