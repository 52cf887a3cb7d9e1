"""The inbox of a run's events, against an obvious model of who is given what."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wand_orchestrator.contract.limits import MAX_HELD_EVENT_BYTES, MAX_HELD_EVENTS
from wand_orchestrator.contract.steering import SentEvent
from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.workflows.control.event_inbox import EventInbox


@dataclass(eq=False)
class Waiting:
    """A node that takes `count` events of its name whose data is at least `least`."""

    event_name: str
    count: int = 1
    least: int = 0
    seen: int = 0
    taken: list[Any] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return len(self.taken) >= self.count

    def misfit(self, data: Any, budget: Budget | None = None) -> str | None:
        return None if not isinstance(data, int) or data >= self.least else f"below {self.least}"

    def look(self, inbox: EventInbox) -> bool:
        """Look at the next event, as `flow.event` does; whether there was one."""
        if self.complete or (event := inbox.next_for(self)) is None:
            return False
        self.seen = event.number
        if self.misfit(event.data) is None:
            self.taken.append(inbox.take(event))
        return True


def sent(name: str, data: Any = None) -> SentEvent:
    return SentEvent(name=name, data=data)


NAMES = st.sampled_from("ab")
NODES = st.builds(Waiting, event_name=NAMES, count=st.integers(1, 3), least=st.integers(0, 3))
STEPS = st.lists(st.tuples(NAMES, st.integers(0, 4)) | NODES | st.integers(0, 9) | st.none(), max_size=40)


def expected(steps: list[Any]) -> tuple[list[list[int]], list[tuple[str, int]]]:
    """What each node has at the end, and what nobody took: all nodes that wait look at once at what comes."""
    nodes: list[tuple[Waiting, list[int]]] = []
    kept: list[tuple[str, int]] = []
    for step in steps:
        if isinstance(step, Waiting):
            nodes.append((step, []))
            for event in list(kept):
                if event[0] == step.event_name and event[1] >= step.least and len(nodes[-1][1]) < step.count:
                    kept.remove(event)
                    nodes[-1][1].append(event[1])
        elif isinstance(step, tuple):
            name, data = step
            for node, taken in nodes:
                if node.event_name == name and data >= node.least and len(taken) < node.count:
                    taken.append(data)
                    break
            else:
                kept.append(step)
    return [taken for _, taken in nodes], kept


@given(STEPS)
def test_an_event_goes_to_the_oldest_node_that_it_fits_however_the_nodes_take_turns(steps: list[Any]) -> None:
    """A number lets one of the nodes look before the others; None goes on in a new history."""
    nodes = [Waiting(step.event_name, step.count, step.least) for step in steps if isinstance(step, Waiting)]
    waiting: list[Waiting] = []
    inbox, open = EventInbox(), ExitStack()

    def turns(first: int = 0) -> None:
        for node in waiting[first:] + waiting[:first]:
            node.look(inbox)

    def rest() -> None:
        while any([node.look(inbox) for node in reversed(waiting)]):
            continue

    for step in steps:
        if isinstance(step, Waiting):
            rest()
            waiting.append(nodes[len(waiting)])
            open.enter_context(inbox.open(waiting[-1]))
        elif isinstance(step, tuple):
            inbox.put(sent(*step))
        elif step is None:
            inbox, open = EventInbox(inbox.carry()), ExitStack()
            for node in waiting:
                open.enter_context(inbox.open(node))
        else:
            turns(step % (len(waiting) or 1))
    rest()

    taken, kept = expected(steps)
    assert [node.taken for node in nodes] == taken
    assert [(name, data) for _, name, data in inbox.carry()["kept"]] == kept


def test_events_of_which_a_run_holds_too_many_are_refused_until_a_node_has_used_some_up() -> None:
    inbox = EventInbox()
    for number in range(MAX_HELD_EVENTS):
        assert inbox.refuse(sent("go", number)) is None
        inbox.put(sent("go", number))
    refusal = inbox.refuse(sent("go"))
    assert refusal is not None
    assert refusal.code == "events_full"

    node = Waiting("go", count=2)
    with inbox.open(node):
        assert node.look(inbox)
        assert inbox.refuse(sent("go")) is not None  # the node holds it
        assert node.look(inbox)
    assert inbox.refuse(sent("go")) is None
    assert node.taken == [0, 1]


def test_events_that_are_too_large_together_are_refused() -> None:
    full = EventInbox()
    full.put(sent("go", "x" * (MAX_HELD_EVENT_BYTES - 100)))
    for inbox in (full, EventInbox(full.carry())):
        assert inbox.refuse(sent("go", 1)) is None
        assert inbox.refuse(sent("go", "x" * 100)) is not None


def test_an_event_that_fits_nobody_who_waits_says_so_and_one_that_nobody_waits_for_does_not() -> None:
    inbox = EventInbox()
    assert inbox.misfit(sent("go", 1)) is None
    with inbox.open(Waiting("go", least=2)):
        refusal = inbox.misfit(sent("go", 1))
        assert refusal is not None
        assert (refusal.code, refusal.message[-7:]) == ("event_invalid", "below 2")
        assert inbox.misfit(sent("stop", 1)) is None
        with inbox.open(Waiting("go")):
            assert inbox.misfit(sent("go", 1)) is None


@pytest.mark.parametrize(("depth", "code"), [(99, None), (101, "event_invalid")])
def test_data_that_nobody_could_read_again_is_refused(depth: int, code: str | None) -> None:
    data: Any = 1
    for _ in range(depth):
        data = [data]
    refusal = EventInbox().refuse(sent("go", data))
    assert (refusal and refusal.code) == code
