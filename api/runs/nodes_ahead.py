"""Finds nodes of child runs that have not begun: no event tells of them yet, and their graphs do."""

from wand_orchestrator.api.graphs.cache import GraphCache
from wand_orchestrator.api.runs.models import RunView
from wand_orchestrator.graph import Graph, Node
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES, GRAPH
from wand_orchestrator.storage import Store


class NodesAhead:
    def __init__(self, store: Store, graphs: GraphCache) -> None:
        self._store = store
        self._graphs = graphs

    async def has(self, run: RunView, node: str) -> bool:
        """Return whether `node`, such as `sub/x`, is in the graph of a child run, as far as stored graphs tell it: the
        newest ones, where the run names them. An item of a map, such as `m[3]`, has to have begun.
        """
        *containers, last = node.split("/")
        stored = None if run.graph_id is None else await self._graphs.get(run.graph_id)
        graphs: tuple[Graph, ...] = () if stored is None else (stored.graph,)
        for container in containers:
            graphs = await self._children(graphs, container)
        return bool(containers) and any(last == each.id for graph in graphs for each in graph.nodes)

    async def _children(self, graphs: tuple[Graph, ...], container: str) -> tuple[Graph, ...]:
        id, item, _ = container.partition("[")
        nodes = [node for graph in graphs for node in graph.nodes if node.id == id]
        nodes = [node for node in nodes if (node.type == GRAPH.name) is not bool(item)]
        found = [await self._found(name) for node in nodes for name in _named(node)]
        return tuple(graph for graph in found if graph is not None)

    async def _found(self, name: str) -> Graph | None:
        stored = await self._store.graphs.get(name) or await self._store.graphs.latest(name)
        return None if stored is None else stored.graph


def _named(node: Node) -> tuple[str, ...]:
    """Return the names of the stored graphs of which the node runs one and waits for its end."""
    control, name, chosen = CONTROL_NODES.get(node.type), node.params.get("graph"), node.params.get("graphs")
    if control is None or not control.names_graph or node.params.get("wait") is False:
        return ()
    if isinstance(name, str):
        return (name,)
    return tuple(map(str, chosen)) if isinstance(chosen, list | tuple) else ()
