"""What a control node names, an agent or a stored graph: whether it may, and how it is run."""

from typing import Any

from wand_orchestrator.contract.bounds import bounded_text
from wand_orchestrator.graph import Node
from wand_orchestrator.graphs.control_node import Target
from wand_orchestrator.graphs.control_nodes import SubgraphParams
from wand_orchestrator.workflows.control.base import Host, failure

_UNLISTED = {"agent": "unlisted_agent", "graph": "unlisted_graph"}


def require_listed(params: Target | SubgraphParams) -> None:
    """Raises ApplicationError `unlisted_agent`, `unlisted_graph` for a name that its list does not have."""
    named = {"graph": (params.graph, params.graphs)}
    if isinstance(params, Target):
        named["agent"] = (params.agent, params.agents)
    for noun, (name, names) in named.items():
        if names and name is not None and name not in names:
            message = f"`{noun}` is {name!r}, and must be one of `{noun}s`: {', '.join(names)}"
            raise failure(_UNLISTED[noun], bounded_text(message, 1000))


async def run_target(host: Host, target: Target, node: Node, id: str, given: Any) -> Any:
    """Run it as node `id`, with the limits of `node`; its output."""
    input = given if isinstance(given, dict) else {"item": given}
    part = node.model_copy(update={"id": id, "type": target.agent or node.type, "optional": False})
    if target.graph is not None:
        result = await host.run_graph_part(part, host.subgraph(target.graph), input)
    else:
        result = await host.run_agent(part, target.params, input)
    return result.output
