"""What a test sees of a run that has ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.model_call import UsageTotal
from wand_orchestrator.contract.run import RunResult
from wand_orchestrator.contract.state import Failure, NodeState, RunState, RunStatus


@dataclass
class NodeRecord:
    """What went into a node or a part of one, and what came out; None where nothing did. `state`: as events tell it."""

    state: NodeState = field(default_factory=NodeState)
    params: Any = None
    input: Any = None
    output: Any = None


@dataclass(frozen=True)
class FinishedRun:
    """A run that has ended. `events`: all of them, as `GET /runs/{id}/logs` returns them.

    `result`: None unless the run succeeded. `records`: of all nodes and parts, those of child runs among them, by
    their names in events. `artifacts`: the bytes of files that agents saved, by `node/name`.
    """

    state: RunState
    events: Sequence[Event]
    result: RunResult | None
    records: Mapping[str, NodeRecord]
    artifacts: Mapping[str, bytes]

    @property
    def status(self) -> RunStatus:
        return self.state.status

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The outputs of the sinks; empty unless the run succeeded."""
        return {} if self.result is None else self.result.outputs

    @property
    def error(self) -> Failure | None:
        return self.state.error

    @property
    def usage(self) -> UsageTotal | None:
        """What all model calls used; None if there were none."""
        return self.state.usage

    @property
    def nodes(self) -> Mapping[str, NodeState]:
        """The state of every node and part that began or was decided, by its name in events."""
        return self.state.nodes

    def node(self, name: str) -> NodeRecord:
        """Return what went through a node, or a part such as `write[0].search`. Raises KeyError for one that never
        began."""
        if name not in self.records:
            raise KeyError(f"the run has no node {name!r} that has begun: there are {', '.join(sorted(self.records))}")
        return self.records[name]

    def told(self, node: str | None = None) -> list[str]:
        """Return the types of the events in order, of one node if it is given: `["node.scheduled", …]`."""
        return [event.type.value for event in self.events if node is None or event.node == node]
