"""Sees what the workflows of a test tell: events, what goes into nodes, and what comes out."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.contract.names import EXTERN_PUBLISH, EXTERN_VALUES
from wand_orchestrator.contract.state import NodeStatus, RunState, RunStatus, fold, node_status_after
from wand_orchestrator.testing.finished_run import NodeRecord


@dataclass
class Witness:
    """Collects what happens in the run of a test and in its child runs. `waiting`: the event with which a node began to
    wait for people, by run and node.
    """

    root: str
    events: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    states: dict[str, RunState] = field(default_factory=lambda: defaultdict(RunState))
    records: dict[str, NodeRecord] = field(default_factory=dict)
    waiting: dict[tuple[str, str], Event] = field(default_factory=dict)
    _parents: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def externs(self) -> Mapping[str, Callable[..., Any]]:
        return {EXTERN_PUBLISH: self._publisher, EXTERN_VALUES: self._values}

    def path(self, run_id: str, node: str) -> str:
        """Return the node's name in the events of the run that the test started."""
        while run_id in self._parents:
            run_id, parent = self._parents[run_id]
            node = f"{parent}/{node}"
        return node

    def is_ending(self, run_id: str) -> bool:
        """Return whether this run is being cancelled, or one that it is a part of."""
        while self.states[run_id].status is not RunStatus.CANCELLING:
            if run_id not in self._parents:
                return False
            run_id, _ = self._parents[run_id]
        return True

    def is_child(self, run_id: str, node: str, child: str) -> None:
        self._parents[child] = run_id, node

    def _publisher(self, run_id: str, _: str) -> Callable[[int, Event], None]:
        def say(_: int, event: Event) -> None:
            self.events[run_id].append(event)
            fold(self.states[run_id], event)
            self._note_question(run_id, event)

        return say

    def _note_question(self, run_id: str, event: Event) -> None:
        if event.node is None or "/" in event.node:  # of a child run, which tells it itself
            return
        if event.type is EventType.NODE_WAITING and "schema" in event.data:
            self.waiting[run_id, event.node] = event
        elif node_status_after(event.type) not in (None, NodeStatus.WAITING):
            self.waiting.pop((run_id, event.node), None)

    def _values(self, _: str, run_id: str) -> "ToldValues":
        return ToldValues(self, run_id)


@dataclass(frozen=True)
class ToldValues:
    """Takes the values of the nodes of one run."""

    witness: Witness
    run_id: str

    def begun(self, node: str, params: Any, input: Any) -> None:
        self.witness.records[self.witness.path(self.run_id, node)] = NodeRecord(params=params, input=input)

    def ended(self, node: str, output: Any) -> None:
        self.witness.records.setdefault(self.witness.path(self.run_id, node), NodeRecord()).output = output

    def has_child(self, node: str, run_id: str) -> None:
        self.witness.is_child(self.run_id, node, run_id)
