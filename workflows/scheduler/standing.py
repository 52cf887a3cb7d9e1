"""Contains where a run stands: which of its nodes are ready, in flight, held or settled, and whether it is to stop."""

from collections import OrderedDict
from typing import Any

from wand_orchestrator.contract.limits import RunLimits
from wand_orchestrator.contract.state import Failure
from wand_orchestrator.graph import Graph
from wand_orchestrator.workflows.scheduler.node_entries import NodeEntries, NodeEntry
from wand_orchestrator.workflows.scheduler.phase import Outcome, Phase
from wand_orchestrator.workflows.scheduler.sink_outputs import SinkOutputs


class Standing:
    """Contains the state of a run's nodes. `ready` and `in_flight` have the order in which nodes became so; `settled`
    is a count.
    """

    def __init__(self, graph: Graph, limits: RunLimits) -> None:
        self.on_failure = graph.options.on_failure
        self.entries = NodeEntries(graph)
        self.sinks = SinkOutputs(graph.effective_sinks(), limits.result_bytes)
        self.ready: OrderedDict[str, None] = OrderedDict()
        self.in_flight: dict[str, None] = {}
        self.held: dict[str, Failure] = {}
        self.paused = False
        self.settled = 0
        self.stop: Outcome | None = None
        self.failure: Failure | None = None
        for entry in self.entries.values():
            if entry.incoming == 0:
                self.make_ready(entry)

    def make_ready(self, entry: NodeEntry) -> None:
        entry.phase = Phase.READY
        self.ready[entry.node.id] = None

    def begin(self, entry: NodeEntry) -> None:
        entry.phase = Phase.IN_FLIGHT
        self.in_flight[entry.node.id] = None

    def settle(self, entry: NodeEntry, phase: Phase) -> None:
        """Settle the node. `phase`: the final one of the node."""
        self.remove(entry)
        entry.phase = phase
        entry.input = {}
        self.settled += 1

    def hold(self, entry: NodeEntry, failure: Failure) -> None:
        self.remove(entry)
        entry.phase = Phase.HELD
        self.held[entry.node.id] = failure

    def remove(self, entry: NodeEntry) -> None:
        """Remove the node from the ready, the held and those in flight."""
        for place in (self.ready, self.in_flight, self.held):
            place.pop(entry.node.id, None)

    def keep_output(self, entry: NodeEntry, output: Any) -> None:
        if entry.is_sink and (failure := self.sinks.keep(entry.node.id, output)) is not None:
            self.fail_run(failure)

    def fail_run(self, failure: Failure) -> None:
        if self.stop is None:
            self.stop = Outcome.FAILED
            self.failure = failure

    def carry(self) -> dict[str, Any]:
        """Return the state for the next history. Its size grows with the frontier, plus one letter for each node."""
        entries = self.entries.values()
        return {
            "phases": "".join(entry.phase.value for entry in entries),
            "ready": list(self.ready),
            "spare": [node for node in self.in_flight if self.entries[node].spare],
            "outputs": self.sinks.carry(),
            "held": self.held,
            "paused": self.paused,
            "failure": self.failure,
            "frontier": {
                entry.node.id: [entry.undecided, entry.taken, entry.input, entry.broken]
                for entry in entries
                if not entry.phase.settled and entry.undecided < entry.incoming
            },
        }

    def restore(self, carried: dict[str, Any]) -> None:
        """Restore the state that `carry` returned."""
        for entry, letter in zip(self.entries.values(), carried["phases"], strict=True):
            entry.phase = Phase(letter)
        for node, (undecided, taken, given, broken) in carried["frontier"].items():
            self.entries[node].go_on(undecided, taken, given, Failure.model_validate(broken) if broken else None)
        for node in carried.get("spare", ()):
            self.entries[node].spare = True
        self.entries.recount_wanted()
        self.ready = OrderedDict.fromkeys(carried["ready"])
        self.in_flight = {id: None for id, entry in self.entries.items() if entry.phase is Phase.IN_FLIGHT}
        self.sinks.restore(carried["outputs"])
        self.held = {node: Failure.model_validate(failure) for node, failure in carried["held"].items()}
        self.paused = carried["paused"]
        self.failure = Failure.model_validate(carried["failure"]) if carried["failure"] else None
        self.settled = sum(entry.phase.settled for entry in self.entries.values())
