"""Determines what a node accepts and returns by its type: an agent, or a control node."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from wand_orchestrator._agent import Agent
from wand_orchestrator.graph import Graph
from wand_orchestrator.graphs.control_node import ControlNode
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES, GRAPH, MAP, REPEAT
from wand_orchestrator.validation.phrases import listed
from wand_orchestrator.validation.schema_view import ANY, NULL, JsonSchema, View


class Typed(Protocol):
    """Defines what is read of a node: of one of a document, or of a stored graph."""

    @property
    def type(self) -> str | None: ...

    @property
    def params(self) -> Mapping[str, Any] | None: ...


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


@dataclass(frozen=True, eq=False)
class RunsGraph(Kind):
    """Contains what control nodes accept and return that run certain stored graphs, whose names are in `graphs`."""

    graphs: tuple[str, ...]

    @property
    def given(self) -> str:
        return f"the output of {self.name}, which runs {listed(self.graphs)}"


_ANY_OBJECT: JsonSchema = {"type": "object", "additionalProperties": True}
_CONTROL = {
    name: Kind.described(name, control.input or _ANY_OBJECT, control.output_of({}))
    for name, control in CONTROL_NODES.items()
}
_NO_INPUT = View.of({"type": "object", "additionalProperties": False}, {})
_FOR_REFERENCES = Kind(REPEAT.name, _NO_INPUT, _CONTROL[REPEAT.name].output)
_HELD_BY = {MAP.name: "outputs", REPEAT.name: "output"}
"""Of control nodes that run their agent or graph several times: the key of their output under which theirs is."""

MAX_GRAPHS_DEEP = 20
"""What graphs return that stand further below than this may be anything."""


class Kinds:
    """Finds the kinds of one document's nodes. `children`: the stored graphs that it needs, by the name or id that
    refers to them, as far as they are known.
    """

    def __init__(self, agents: Mapping[str, Agent], children: Mapping[str, Graph] = MappingProxyType({})) -> None:
        self._agents = agents
        self._children = children
        self._agent_kinds: dict[str, Kind] = {}
        self._by_params: dict[tuple[object, ...], Kind] = {}
        self._outputs: dict[int, View] = {}
        self._deep = 0

    def of(self, node: Typed) -> Kind | None:
        """Return the kind of a node; None if nothing is known of its type."""
        if node.type is None:
            return None
        control = CONTROL_NODES.get(node.type)
        return self.of_agent(node.type) if control is None else self._of_control(control, node.params or {})

    def of_agent(self, name: str) -> Kind | None:
        agent = self._agents.get(name)
        if agent is None:
            return None
        if name not in self._agent_kinds:
            self._agent_kinds[name] = Kind.described(name, agent.input_schema, agent.output_schema)
        return self._agent_kinds[name]

    def of_graph(self, params: Mapping[str, Any]) -> Kind | None:
        """Return the kind of what a control node runs, whose output is an object of outputs; None if it
        names no graph.
        """
        if self._graphs_of(params):
            return self._of_control(GRAPH, {key: params[key] for key in ("graph", "graphs") if key in params})
        return _CONTROL[GRAPH.name] if isinstance(params.get("graph"), str) else None

    def _of_control(self, control: ControlNode, params: Mapping[str, Any]) -> Kind:
        """Return the kind of a control node. If it accepts what its agent accepts, there is one kind for each agent and
        form of output. If its params define what its agent is given, its own input is only for references.
        """
        kind, name, output = _CONTROL[control.name], params.get("agent"), control.output_of(params)
        if control.input is None and "input" in params:
            kind, name = _FOR_REFERENCES, None
        agent = self.of_agent(name) if control.input is None and isinstance(name, str) else None
        graphs = self._graphs_of(params) if control.names_graph else {}
        runs = self._agents_of(control, params)
        key = (id(kind), None if agent is None else agent.name, id(output), *graphs, *runs)
        if key not in self._by_params:
            input = kind.input if agent is None else agent.input
            self._by_params[key] = (
                self._of_graphs(control, kind, output, graphs)
                if graphs
                else Kind(
                    kind.name, input, _held(control, output, _returned(runs)) if runs else View.of(output, output)
                )
            )
        return self._by_params[key]

    def _agents_of(self, control: ControlNode, params: Mapping[str, Any]) -> tuple[Kind, ...]:
        """Return the agents of which a control node runs one several times; empty if one of them is not known, or if
        what they return is merged into a state.
        """
        if control.name not in _HELD_BY or params.get("state") is not None:
            return ()
        name, chosen = params.get("agent"), params.get("agents")
        names = [name] if isinstance(name, str) else chosen if isinstance(chosen, list | tuple) else []
        kinds = [self.of_agent(name) if isinstance(name, str) else None for name in names]
        return tuple(kind for kind in kinds if kind is not None) if None not in kinds else ()

    # Stored graphs

    def _graphs_of(self, params: Mapping[str, Any]) -> dict[str, Graph]:
        """Return the stored graphs of which a control node runs one and waits for its end; empty if one of them is not
        known.
        """
        name, chosen = params.get("graph"), params.get("graphs")
        names = [name] if isinstance(name, str) else chosen if isinstance(chosen, list | tuple) else []
        if params.get("wait", True) is not True or not all(name in self._children for name in names):
            return {}
        return {name: self._children[name] for name in names}

    def _of_graphs(self, control: ControlNode, kind: Kind, output: JsonSchema, graphs: Mapping[str, Graph]) -> Kind:
        outputs = View.union(self._outputs_of(graph) for graph in graphs.values())
        if control.name in _HELD_BY:
            outputs = _held(control, output, outputs)
        input = kind.input
        if control is GRAPH and len(graphs) == 1:
            input = View.union(_given_to(graph) for graph in graphs.values())
        return RunsGraph(kind.name, input, outputs, tuple(graphs))

    def _outputs_of(self, graph: Graph) -> View:
        """Return the view of the `outputs` of a run. Each may be null, or missing: of a sink that was skipped, of one
        that is optional and failed.
        """
        if id(graph) not in self._outputs:
            if self._deep >= MAX_GRAPHS_DEEP:
                return ANY
            self._deep += 1
            self._outputs[id(graph)] = View.object_with(dict(self._sinks_of(graph)))
            self._deep -= 1
        return self._outputs[id(graph)]

    def _sinks_of(self, graph: Graph) -> Iterator[tuple[str, View]]:
        nodes = {node.id: node for node in graph.nodes}
        for sink in graph.effective_sinks():
            kind = self.of(nodes[sink]) if sink in nodes else None
            yield sink, ANY if kind is None else kind.output | NULL


def _returned(kinds: Iterable[Kind]) -> View:
    return View.union(kind.output for kind in kinds)


def _held(control: ControlNode, output: JsonSchema, outputs: View) -> View:
    """Return the output of a control node that runs something several times, of which each returns `outputs`."""
    inside = View.list_of(outputs | NULL) if control is MAP else outputs
    fields = {key: View.of(schema, output) for key, schema in output["properties"].items()}
    return View.object_with({**fields, _HELD_BY[control.name]: inside})


def _given_to(graph: Graph) -> View:
    """Return the view of what a run of the graph is given, with the types of the keys that its schema declares. Keys
    that are unknown or missing are checked elsewhere: see `child_inputs`.
    """
    schema = graph.input_schema or {}
    declared = schema.get("properties")
    properties = declared if isinstance(declared, dict) else {}
    return View.of({"type": "object", "properties": properties, "additionalProperties": True}, schema)
