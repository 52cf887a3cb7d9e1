"""Contains the state of each node of a graph in the scheduler."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from wand_orchestrator.contract.state import Failure
from wand_orchestrator.graph import INPUT_SOURCE, OTHERWISE, Edge, Graph, Node
from wand_orchestrator.workflows.scheduler.phase import Phase
from wand_orchestrator.workflows.size import size_up_to

_WHOLE = 2**40
"""Of an input that fitted."""


@dataclass(eq=False, slots=True)
class NodeEntry:
    """Contains the state of one node. `undecided`, `taken`: counts of the incoming edges; `bytes`: of the input.

    `branches`: an outgoing edge has `on` or is taken otherwise. `wanted`: outgoing edges, but for those on failure,
    whose targets are still to be decided, and `sources`: where the incoming ones come from, those on failure aside;
    both are counted only in graphs with a `join: first`. `spare`: in flight, and nothing needs it any more.
    """

    node: Node
    outgoing: list[Edge] = field(default_factory=list)
    incoming: int = 0
    undecided: int = 0
    taken: int = 0
    phase: Phase = Phase.PENDING
    input: dict[str, Any] = field(default_factory=dict)
    broken: Failure | None = None
    bytes: int = 0
    is_sink: bool = False
    takes_first: bool = False
    branches: bool = False
    sources: list["NodeEntry"] = field(default_factory=list)
    wanted: int = 0
    spare: bool = False

    @property
    def decided(self) -> bool:
        """Whether further edges into the node have no effect."""
        return self.phase is not Phase.PENDING or (self.takes_first and self.taken > 0)

    @property
    def runs(self) -> bool:
        """Whether the node runs, once all edges into it are decided."""
        return self.taken == self.incoming if self.node.join == "all" else self.taken > 0

    def go_on(self, undecided: int, taken: int, given: dict[str, Any], broken: Failure | None) -> None:
        """Restore the node's edges and input from the previous history."""
        self.undecided, self.taken, self.input, self.broken = undecided, taken, given, broken
        self.bytes = size_up_to(given, _WHOLE)

    def targets(self) -> list[str]:
        return [edge.target for edge in self.outgoing]


class NodeEntries(dict[str, NodeEntry]):
    """Contains the entries of a graph's nodes by id. `of_input`: an entry that represents the run's input."""

    def __init__(self, graph: Graph) -> None:
        super().__init__({node.id: NodeEntry(node) for node in graph.nodes})
        self.of_input = NodeEntry(Node.model_construct(id=INPUT_SOURCE, type=""), phase=Phase.SUCCEEDED)
        for edge in graph.edges:
            source = self.of_input if edge.source == INPUT_SOURCE else self[edge.source]
            source.outgoing.append(edge)
            source.branches = source.branches or edge.on != "success" or edge.when == OTHERWISE
            target = self[edge.target]
            target.incoming += 1
            target.undecided += 1
        for sink in graph.effective_sinks():
            self[sink].is_sink = True
        self._count_wanted()

    def _count_wanted(self) -> None:
        for entry in self.values():
            entry.takes_first = entry.node.join == "first"
        self._races = any(entry.takes_first for entry in self.values())
        if not self._races:
            return
        for entry in self.values():
            for edge in entry.outgoing:
                if edge.on != "failure":
                    self[edge.target].sources.append(entry)
        self.recount_wanted()

    def recount_wanted(self) -> None:
        """Recompute `wanted` from the phases."""
        if not self._races:
            return
        for entry in self.values():
            entry.wanted = 0
        for entry in self.values():
            if entry.phase is Phase.PENDING:
                for source in entry.sources:
                    source.wanted += 1


def unneeded(decided: NodeEntry) -> Iterator[NodeEntry]:
    """Yield the nodes before `decided` that nothing needs any more, as `decided`, until now pending, waits for no edge.

    A node is needed while it is a sink, or an edge of it, on success or settled, leads to a node that is still to be
    decided. What leads nowhere is an end in itself, and needed.
    """
    closed = [decided]
    while closed:
        for source in closed.pop().sources:
            source.wanted -= 1
            if source.wanted == 0 and not source.phase.settled and not source.is_sink:
                if source.phase is Phase.PENDING:
                    closed.append(source)
                yield source
