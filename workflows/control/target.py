"""Runs what a control node names: an agent, or a stored graph."""

from typing import Any

from wand_orchestrator.graph import Node
from wand_orchestrator.graphs.control_node import Target
from wand_orchestrator.workflows.control.base import Host


async def run_target(host: Host, target: Target, node: Node, id: str, given: Any) -> Any:
    """Run it as node `id`, with the limits of `node`; its output."""
    input = given if isinstance(given, dict) else {"item": given}
    part = node.model_copy(update={"id": id, "type": target.agent or node.type, "optional": False})
    if target.graph is not None:
        result = await host.run_graph_part(part, host.subgraph(target.graph), input)
    else:
        result = await host.run_agent(part, target.params, input)
    return result.output
