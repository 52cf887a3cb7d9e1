"""What a relay hears of a workflow in the same process: all that was accepted, and nothing that was not."""

import asyncio
import gc
from datetime import UTC, datetime

from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.temporal.event_feed import KEPT, EventFeed

RUN, EXECUTION, WORKER = "r_1", "e_1", "host:1"


def _event(seq: int, type: EventType = EventType.NODE_LOG) -> Event:
    return Event(seq=seq, ts=datetime.now(UTC), type=type)


def _seqs(events: object) -> list[int]:
    assert isinstance(events, list)
    return [event.seq for event in events]


def test_what_was_said_in_a_task_is_heard_when_the_task_is_accepted() -> None:
    feed = EventFeed()
    say = feed.publisher(WORKER, RUN, EXECUTION)
    for task, seq in [(3, 1), (3, 2), (7, 3)]:
        say(task, _event(seq))
    run_feed = feed.of_run(RUN)
    assert run_feed is not None

    assert _seqs(run_feed.accepted(0, 0)) == []
    assert _seqs(run_feed.accepted(3, 0)) == [1, 2]
    assert run_feed.awaits(3)
    assert _seqs(run_feed.accepted(7, 1)) == [2, 3]
    assert not run_feed.awaits(7)


def test_one_that_does_not_know_all_that_is_asked_for_says_so() -> None:
    feed = EventFeed()
    say = feed.publisher(WORKER, RUN, EXECUTION)
    run_feed = feed.of_run(RUN)
    assert run_feed is not None
    assert run_feed.accepted(9, 0) is None

    say(9, _event(5))
    assert run_feed.accepted(9, 3) is None
    assert _seqs(run_feed.accepted(9, 4)) == [5]
    assert _seqs(run_feed.accepted(9, None)) == [5]

    say(12, _event(8))  # 6 and 7 were said elsewhere
    assert run_feed.accepted(12, 5) is None
    assert _seqs(run_feed.accepted(12, 7)) == [8]


def test_it_remembers_what_came_last() -> None:
    feed = EventFeed()
    say = feed.publisher(WORKER, RUN, EXECUTION)
    for seq in range(1, KEPT + 11):
        say(3, _event(seq))
    run_feed = feed.of_run(RUN)
    assert run_feed is not None

    assert run_feed.accepted(3, 9) is None
    assert _seqs(run_feed.accepted(3, 10)) == list(range(11, KEPT + 11))


def test_a_workflow_that_is_replayed_has_a_new_voice_and_the_old_one_is_not_heard_any_more() -> None:
    feed = EventFeed()
    first = feed.publisher(WORKER, RUN, EXECUTION)
    first(3, _event(1))
    second = feed.publisher(WORKER, RUN, EXECUTION)
    first(7, _event(2))
    run_feed = feed.of_run(RUN)
    assert run_feed is not None
    assert run_feed.accepted(7, 0) is None

    del first, run_feed
    second(7, _event(2))
    run_feed = feed.of_run(RUN)
    assert run_feed is not None
    assert _seqs(run_feed.accepted(7, 1)) == [2]


def test_a_workflow_that_its_worker_lets_go_is_forgotten() -> None:
    feed = EventFeed()
    say = feed.publisher(WORKER, RUN, EXECUTION)
    say(3, _event(1))
    del say
    gc.collect()

    assert feed.of_run(RUN) is None


async def test_listeners_are_told_when_something_is_said_of_their_run() -> None:
    feed = EventFeed()
    say, other = feed.publisher(WORKER, RUN, EXECUTION), feed.publisher(WORKER, "r_2", EXECUTION)
    listener = feed.listen(RUN)
    await asyncio.to_thread(other, 3, _event(1))
    assert not listener.published.is_set()

    await asyncio.to_thread(say, 3, _event(1))
    await asyncio.wait_for(listener.published.wait(), 5)
    assert not listener.ended.is_set()
    await asyncio.to_thread(say, 3, _event(2, EventType.RUN_SUCCEEDED))
    await asyncio.wait_for(listener.ended.wait(), 5)

    feed.leave(RUN, listener)
    listener.published.clear()
    await asyncio.to_thread(say, 3, _event(3))
    await asyncio.sleep(0)
    assert not listener.published.is_set()
