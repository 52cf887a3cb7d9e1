"""Finds the stored graphs that control nodes name, so that a run takes them along as they are at its start."""

from collections.abc import Iterator, Mapping

from wand_orchestrator.errors import GraphFaults
from wand_orchestrator.graph import Graph, Node
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES
from wand_orchestrator.graphs.execution import agents_of
from wand_orchestrator.graphs.llm_node import LLM_NAME, graphs_of_tools
from wand_orchestrator.graphs.node_values import PARAMS
from wand_orchestrator.storage import Store, StoredGraph
from wand_orchestrator.validation import Code, Fault


class Subgraphs:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, graph: Graph, graph_id: str | None = None) -> dict[str, Graph]:
        """Return all stored graphs that the graph needs, nested ones included, by the name or id that refers to them.

        Raises GraphFaults: one that is not stored, or a graph that contains itself.
        """
        search = _Search(self._store)
        await search.visit(graph, {graph_id} if graph_id else set(), (graph.name,), None)
        if search.faults:
            raise GraphFaults(search.faults)
        return search.found


class _Search:
    """Searches depth first; reads each stored graph once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.found: dict[str, Graph] = {}
        self.faults: list[Fault] = []

    async def visit(self, graph: Graph, above: set[str], way: tuple[str, ...], at: str | None) -> None:
        """`at`: what of the run's own graph leads here, for a part of it."""
        for pointer, name in named_graphs(graph):
            pointer = at or pointer
            stored = await self._find(name)
            if stored is None:
                message = f"there is no stored graph {name!r}: post it first"
                self.faults.append(Fault(pointer, Code.UNKNOWN_GRAPH, message))
            elif stored.graph_id in above or name in way:
                message = f"the graph contains itself: {' → '.join((*way, name))}"
                self.faults.append(Fault(pointer, Code.RECURSIVE_GRAPH, message))
            elif name not in self.found:
                self.found[name] = stored.graph
                await self.visit(stored.graph, above | {stored.graph_id}, (*way, name), pointer)

    async def _find(self, name: str) -> StoredGraph | None:
        return await self._store.graphs.get(name) or await self._store.graphs.latest(name)


def named_graphs(graph: Graph) -> Iterator[tuple[str, str]]:
    """Return the place and the name of every stored graph that a control node of `graph` names."""
    for index, node in enumerate(graph.nodes):
        yield from _named_by_tools(node, index)
        control = CONTROL_NODES.get(node.type)
        if control is None or not control.names_graph:
            continue
        name, listed = node.params.get("graph"), node.params.get("graphs")
        if isinstance(name, str):
            yield f"/nodes/{index}/params/graph", name
        elif isinstance(listed, list | tuple):
            yield from ((f"/nodes/{index}/params/graphs/{at}", str(name)) for at, name in enumerate(listed))


def _named_by_tools(node: Node, index: int) -> Iterator[tuple[str, str]]:
    """Yield the place and the name of every stored graph that a model may call, in the node itself or in its parts."""
    at, params = f"/nodes/{index}/params", node.params
    if node.type != LLM_NAME:
        control, inner = CONTROL_NODES.get(node.type), params.get(PARAMS)
        if (
            control is None
            or not control.names_agent
            or not isinstance(inner, Mapping)
            or LLM_NAME not in agents_of(node)
        ):
            return
        at, params = f"{at}/{PARAMS}", dict(inner)
    yield from ((f"{at}/tools/{tool}/graph", name) for tool, name in graphs_of_tools(params))
