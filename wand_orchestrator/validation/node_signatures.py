"""Determines what a node accepts and returns by its type: an agent, or a control node."""

from collections.abc import Mapping
from dataclasses import dataclass

from wand_orchestrator._agent import Agent
from wand_orchestrator.graphs.control_node import ControlNode
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES, GRAPH, REPEAT
from wand_orchestrator.validation.outline import NodeOutline
from wand_orchestrator.validation.schema_view import JsonSchema, View


@dataclass(frozen=True, eq=False)
class Kind:
    """Contains what nodes of one type accept and return; one object for each type in a check, so that results can be
    cached by it.
    """

    name: str
    input: View
    output: View

    @property
    def given(self) -> str:
        """A description of `output` in words."""
        return f"the output of {self.name}"

    @classmethod
    def described(cls, name: str, input: JsonSchema, output: JsonSchema) -> "Kind":
        return cls(name, View.of(input, input), View.of(output, output))


class Judged(Kind):
    """Contains a value that is no node's output, such as a failure or the run's input; `name` describes it."""

    @property
    def given(self) -> str:
        return self.name


_ANY_OBJECT: JsonSchema = {"type": "object", "additionalProperties": True}
_CONTROL = {
    name: Kind.described(name, control.input or _ANY_OBJECT, control.output_of({}))
    for name, control in CONTROL_NODES.items()
}
_NO_INPUT = View.of({"type": "object", "additionalProperties": False}, {})
_FOR_REFERENCES = Kind(REPEAT.name, _NO_INPUT, _CONTROL[REPEAT.name].output)


class Kinds:
    """Finds the kinds of one document's nodes."""

    def __init__(self, agents: Mapping[str, Agent]) -> None:
        self._agents = agents
        self._agent_kinds: dict[str, Kind] = {}
        self._by_params: dict[tuple[int, str | None, int], Kind] = {}

    def of(self, node: NodeOutline) -> Kind | None:
        """Return the kind of a node; None if nothing is known of its type."""
        if node.type is None:
            return None
        control = CONTROL_NODES.get(node.type)
        return self.of_agent(node.type) if control is None else self._of_control(control, node)

    def of_agent(self, name: str) -> Kind | None:
        agent = self._agents.get(name)
        if agent is None:
            return None
        if name not in self._agent_kinds:
            self._agent_kinds[name] = Kind.described(name, agent.input_schema, agent.output_schema)
        return self._agent_kinds[name]

    def of_graph(self, name: object) -> Kind | None:
        """Return the kind of a stored graph, whose output is an object of outputs; None if this is
        no name of a graph.
        """
        return _CONTROL[GRAPH.name] if isinstance(name, str) else None

    def _of_control(self, control: ControlNode, node: NodeOutline) -> Kind:
        """Return the kind of a control node. If it accepts what its agent accepts, there is one kind for each agent and
        form of output. If its params define what its agent is given, its own input is only for references.
        """
        kind, params = _CONTROL[control.name], node.params or {}
        name, output = params.get("agent"), control.output_of(params)
        if control.input is None and "input" in params:
            kind, name = _FOR_REFERENCES, None
        agent = self.of_agent(name) if control.input is None and isinstance(name, str) else None
        key = (id(kind), None if agent is None else agent.name, id(output))
        if key not in self._by_params:
            input = kind.input if agent is None else agent.input
            self._by_params[key] = Kind(kind.name, input, View.of(output, output))
        return self._by_params[key]
