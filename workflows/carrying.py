"""The state of a run on its way into a new history: the nodes of its graph as a table, others in full."""

from typing import Any

from wand_orchestrator.contract.node_table import NodeTable
from wand_orchestrator.contract.state import NodeState, RunState
from wand_orchestrator.graph import Graph


def state_to_carry(state: RunState, graph: Graph) -> dict[str, Any]:
    ids = [node.id for node in graph.nodes]
    of_graph = set(ids)
    others = {node: known for node, known in state.nodes.items() if node not in of_graph}
    return {
        "run": state.model_copy(update={"nodes": others}),
        "nodes": NodeTable.of(ids, state.nodes),
    }


def state_from(carried: dict[str, Any], graph: Graph) -> RunState:
    """The state that `state_to_carry` was given, its moments in milliseconds."""
    state = RunState.model_validate(carried["run"])
    table = NodeTable.model_validate(carried["nodes"])
    nodes: dict[str, NodeState] = table.states([node.id for node in graph.nodes])
    return state.model_copy(update={"nodes": nodes | state.nodes})
