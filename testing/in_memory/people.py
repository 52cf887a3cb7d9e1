"""The people of a test: they answer approvals, and send events, when nothing else happens."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.steering import SIGNAL_EVENT, UPDATE_RESPOND, Answer
from wand_orchestrator.testing.in_memory.in_memory_temporal import InMemoryTemporal
from wand_orchestrator.testing.in_memory.witness import Witness

BY = "test"


class People:
    """`answers`: by the name of the node in events, or its own; a function gets what the node asks, as a dict.

    `events`: name and data, in the order in which they are sent; each is sent when a node waits for its name.
    """

    def __init__(self, witness: Witness, answers: Mapping[str, Any], events: Sequence[tuple[str, Any]]) -> None:
        self._witness = witness
        self._answers = answers
        self._events = list(events)

    def act(self, temporal: InMemoryTemporal) -> bool:
        """Answer one question that the test has an answer to; return whether there was one."""
        for (run_id, node), event in tuple(self._witness.waiting.items()):
            if "event" in event.data:
                if self._send(temporal, run_id, event.data["event"]):
                    return True
            elif (found := self._answer(run_id, node, event)) is not None:
                del self._witness.waiting[run_id, node]
                temporal.update(run_id, UPDATE_RESPOND, Answer(node=node, answer=found[0], by=BY))
                return True
        return False

    def unanswered(self) -> list[str]:
        """Return what the run waits for, and what the test would give for it to go on."""
        told = []
        for (run_id, node), event in self._witness.waiting.items():
            name = self._witness.path(run_id, node)
            if "event" in event.data:
                awaited = event.data["event"]
                told.append(f"{name} waits for the event {awaited!r}: give events=[({awaited!r}, …)]")
            else:
                told.append(f"{name} waits for an answer: give answers={{{name!r}: …}}")
        for run_id, state in self._witness.states.items():
            if state.status == "paused":
                told.append(f"the run {run_id} is paused" + (f": {state.exceeded}" if state.exceeded else ""))
        return told

    def _answer(self, run_id: str, node: str, event: Event) -> tuple[Any] | None:
        for name in (self._witness.path(run_id, node), node):
            if name in self._answers:
                answer = self._answers[name]
                asked: Callable[[Any], Any] | None = answer if callable(answer) else None
                return (answer if asked is None else asked(dict(event.data)),)
        return None

    def _send(self, temporal: InMemoryTemporal, run_id: str, name: str) -> bool:
        for index, (event, data) in enumerate(self._events):
            if event == name:
                del self._events[index]
                temporal.signal(run_id, SIGNAL_EVENT, [event, data])
                return True
        return False
