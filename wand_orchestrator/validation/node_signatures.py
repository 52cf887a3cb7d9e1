"""What a node takes and gives, by its type: an agent, or a control node of the workflow."""

from collections.abc import Mapping
from dataclasses import dataclass

from wand_orchestrator._agent import Agent
from wand_orchestrator.graphs.control_nodes import FLOW_APPROVAL, FLOW_GRAPH, FLOW_MAP, FLOW_REPEAT, FLOW_WAIT
from wand_orchestrator.validation.outline import NodeOutline
from wand_orchestrator.validation.schema_view import JsonSchema, View


@dataclass(frozen=True, eq=False)
class Kind:
    """Made once for each type in a check, so that what is found out about it can be remembered."""

    name: str
    input: View
    output: View

    @classmethod
    def described(cls, name: str, input: JsonSchema, output: JsonSchema) -> "Kind":
        return cls(name, View.of(input, input), View.of(output, output))


_OBJECT: JsonSchema = {"type": "object", "additionalProperties": True}
_NO_INPUT: JsonSchema = {"type": "object", "additionalProperties": False}
_TEXT: JsonSchema = {"type": "string"}
_MAP_INPUT: JsonSchema = {"type": "object", "properties": {"items": {"type": "array"}}, "required": ["items"]}


def _object(**properties: JsonSchema) -> JsonSchema:
    """An object with exactly these keys."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_CONTROL = {
    FLOW_APPROVAL: Kind.described(FLOW_APPROVAL, _NO_INPUT, {}),
    FLOW_WAIT: Kind.described(FLOW_WAIT, _NO_INPUT, _object(until=_TEXT)),
    FLOW_GRAPH: Kind.described(FLOW_GRAPH, _OBJECT, _OBJECT),
    FLOW_MAP: Kind.described(
        FLOW_MAP,
        _MAP_INPUT,
        _object(
            outputs={"type": "array"},
            failed={"type": "array", "items": {"type": "integer"}},
            errors={"type": "array", "items": _object(index={"type": "integer"}, code=_TEXT, message=_TEXT)},
        ),
    ),
}
_REPEATED = View.of(_OBJECT, _OBJECT)
_REPEAT_OUTPUT = View.of(_object(output={}, times={"type": "integer"}, satisfied={"type": "boolean"}), {})


class Kinds:
    """The kinds of one document's nodes."""

    def __init__(self, agents: Mapping[str, Agent]) -> None:
        self._agents = agents
        self._agent_kinds: dict[str, Kind] = {}
        self._repeats: dict[str | None, Kind] = {}

    def of(self, node: NodeOutline) -> Kind | None:
        """None if nothing is known of its type."""
        if node.type is None:
            return None
        if node.type == FLOW_REPEAT:
            return self._repeat(node)
        return _CONTROL.get(node.type) or self.of_agent(node.type)

    def of_agent(self, name: str) -> Kind | None:
        agent = self._agents.get(name)
        if agent is None:
            return None
        if name not in self._agent_kinds:
            self._agent_kinds[name] = Kind.described(name, agent.input_schema, agent.output_schema)
        return self._agent_kinds[name]

    def of_graph(self, name: object) -> Kind | None:
        """What a stored graph gives is an object of outputs; None if this is no name of one."""
        return _CONTROL[FLOW_GRAPH] if isinstance(name, str) else None

    def _repeat(self, node: NodeOutline) -> Kind:
        """It takes what its agent takes."""
        name = (node.params or {}).get("agent")
        target = self.of_agent(name) if isinstance(name, str) else None
        key = target.name if target is not None else None
        if key not in self._repeats:
            taken = target.input if target is not None else _REPEATED
            self._repeats[key] = Kind(FLOW_REPEAT, taken, _REPEAT_OUTPUT)
        return self._repeats[key]


CONTROL_TYPES = frozenset({*_CONTROL, FLOW_REPEAT})
