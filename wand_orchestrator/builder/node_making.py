"""Makes the nodes of a graph: of agents of this process, and of whatever a name stands for."""

import sys
from collections.abc import Mapping
from typing import Any, TypeVar, get_type_hints, overload

from typing_extensions import Unpack

from wand_orchestrator._agent import Agent
from wand_orchestrator._tool import Tool
from wand_orchestrator.builder.given_input import EdgeDraft, GivenInput
from wand_orchestrator.builder.node_handle import EdgeFrom, NodeHandle
from wand_orchestrator.builder.node_options import NodeOptions, as_document, edges_of
from wand_orchestrator.builder.value import BuilderError, Value, tree_of

P = TypeVar("P")
I = TypeVar("I")  # noqa: E741
O = TypeVar("O")  # noqa: E741
T = TypeVar("T")

TRANSFORM = "agent.transform"
_KNOWN_PREFIXES = ("agent.", "flow.", "mcp.")


class NodeMaking:
    """The nodes and edges of a graph that is being built. `places`: by node, where in the program it was added."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.edges: list[dict[str, Any]] = []
        self.agents: dict[str, Agent] = {}
        self.tools: dict[str, Tool] = {}
        self.places: dict[str, str] = {}

    @overload
    def add(
        self,
        agent: Agent[P, I, O],
        id: str,
        *,
        params: P | Mapping[str, Any] | None = None,
        input: I | Mapping[str, Any] | None = None,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[O]: ...
    @overload
    def add(
        self,
        agent: str,
        id: str,
        *,
        returns: type[T],
        params: Any = None,
        input: Any = None,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[T]: ...
    @overload
    def add(
        self, agent: str, id: str, *, params: Any = None, input: Any = None, **options: Unpack[NodeOptions]
    ) -> NodeHandle[Any]: ...
    def add(
        self,
        agent: Any,
        id: str,
        *,
        params: Any = None,
        input: Any = None,
        returns: Any = None,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[Any]:
        """Add a node that runs an agent: one of this process, which tells the types of its params, input and output, or
        the name of one, a tool of an MCP server among them, with `returns` for the type of its output.

        What is given may hold values of other nodes (`page.out.body`) and of the run's input (`g.input.url`).
        """
        own = self._own_input(agent, options)
        whole = None if input is None else own.give(input)
        document = {"id": id, "type": self._agent_name(agent)}
        handle = self._node(document, own, params, whole, options, output_of(agent, returns))
        if own.hidden and "takes" not in options and isinstance(agent, str) and not agent.startswith(_KNOWN_PREFIXES):
            document["takes"] = [key for key in (*_mapped(own), *own.input) if key not in own.hidden]
        return handle

    @overload
    def transform(
        self, id: str, make: str, *, returns: type[T], input: Any = None, **options: Unpack[NodeOptions]
    ) -> NodeHandle[T]: ...
    @overload
    def transform(
        self, id: str, make: str, *, input: Any = None, **options: Unpack[NodeOptions]
    ) -> NodeHandle[Any]: ...
    @overload
    def transform(self, id: str, make: T, *, input: Any = None, **options: Unpack[NodeOptions]) -> NodeHandle[T]: ...
    def transform(
        self, id: str, make: Any, *, input: Any = None, returns: Any = None, **options: Unpack[NodeOptions]
    ) -> NodeHandle[Any]:
        """Add a node that makes a value of others: `{"total": f.sum(orders.out.prices)}`, or JMESPath over its
        input.
        """
        own = GivenInput()
        self._follow(own, options)
        whole = None if input is None else own.give(input)
        expression = make if isinstance(make, str) else own.expression(tree_of(make))
        document = {"id": id, "type": TRANSFORM}
        return self._node(document, own, {"expression": expression}, whole, options, returns)

    def edge(self, source: EdgeFrom | NodeHandle[Any], to: NodeHandle[Any]) -> None:
        """Add one more edge, to a node that is there."""
        [edge] = edges_of(source)
        self.edges.append(EdgeDraft(edge.source, edge.on, edge.when, dict(edge.map)).document(to.id))

    def _agent_name(self, agent: Any) -> Any:
        """Return the name of an agent, and remember one of this process for the check."""
        if isinstance(agent, Agent):
            self.agents[agent.name] = agent
            return agent.name
        if not isinstance(agent, str | Value):
            raise BuilderError(f"{agent!r} is no agent: decorate the function with @agent(name), or give a name")
        return agent

    def _own_input(self, agent: Any, options: NodeOptions, *, prefixed: bool = False) -> GivenInput:
        taken = agent.input_schema.get("properties", {}) if isinstance(agent, Agent) else ()
        own = GivenInput(taken, prefixed=prefixed)
        self._follow(own, options)
        return own

    def _follow(self, own: GivenInput, options: NodeOptions) -> None:
        for edge in edges_of(options.get("after", ())):
            own.follow(edge)

    def _node(
        self,
        document: dict[str, Any],
        own: GivenInput,
        params: Any,
        whole: Any,
        options: NodeOptions,
        output: Any = None,
    ) -> NodeHandle[Any]:
        """Add the node to the graph, with the edges that carry its input. `whole`: its input, if that is one value."""
        if params is not None:
            document["params"] = own.written(params)
        if whole is not None or own.input:
            document["input"] = _merged(whole, own)
        document.update({key: as_document(value) for key, value in options.items() if key != "after"})
        self.nodes.append(document)
        self.edges += [edge.document(document["id"]) for edge in own.edges]
        self.places.setdefault(document["id"], _caller())
        return NodeHandle(document["id"], output)


def _mapped(own: GivenInput) -> list[str]:
    return [key for edge in own.edges for key in edge.map]


def _merged(whole: Any, own: GivenInput) -> Any:
    """Return the input of a node that is given as a whole, or by key."""
    if whole is None:
        return own.input
    if own.input:
        raise BuilderError(f"the input is given as a whole, and {', '.join(own.input)} besides: give all of it by key")
    return whole


def _caller() -> str:
    """Return the place in the program outside of this package: `graphs.py:12`."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(__package__ or "builder"):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def output_of(agent: Any, returns: Any) -> Any:
    """Return the type of an agent's output, as far as it is known."""
    return get_type_hints(agent.function).get("return") if isinstance(agent, Agent) else returns
