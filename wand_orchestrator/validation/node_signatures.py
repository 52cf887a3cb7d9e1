"""What a node takes and gives, by its type: an agent, or a control node of the workflow."""

from collections.abc import Mapping
from dataclasses import dataclass

from wand_orchestrator._agent import Agent
from wand_orchestrator.graphs.control_node import ControlNode
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES, GRAPH, REPEAT
from wand_orchestrator.validation.outline import NodeOutline
from wand_orchestrator.validation.schema_view import JsonSchema, View


@dataclass(frozen=True, eq=False)
class Kind:
    """Made once for each type in a check, so that what is found out about it can be remembered."""

    name: str
    input: View
    output: View

    @property
    def given(self) -> str:
        """What `output` describes, in words."""
        return f"the output of {self.name}"

    @classmethod
    def described(cls, name: str, input: JsonSchema, output: JsonSchema) -> "Kind":
        return cls(name, View.of(input, input), View.of(output, output))


class Judged(Kind):
    """What no node gives, such as a failure or the run's input; `name` says what it is."""

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
    """The kinds of one document's nodes."""

    def __init__(self, agents: Mapping[str, Agent]) -> None:
        self._agents = agents
        self._agent_kinds: dict[str, Kind] = {}
        self._by_params: dict[tuple[int, str | None, int], Kind] = {}

    def of(self, node: NodeOutline) -> Kind | None:
        """None if nothing is known of its type."""
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
        """What a stored graph gives is an object of outputs; None if this is no name of one."""
        return _CONTROL[GRAPH.name] if isinstance(name, str) else None

    def _of_control(self, control: ControlNode, node: NodeOutline) -> Kind:
        """One whose input is that of its agent has a kind for each agent, and one for each form of its output. Where
        its params say what its agent is given, its own input is there for references."""
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
