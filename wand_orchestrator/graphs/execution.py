"""Decides where a node's agent runs: as a regular activity, or as a local one in the process of the workflow.

A workflow cannot see which agents are installed, so who starts a run decides it and puts it into the run's snapshot.
"""

from collections.abc import Mapping

from wand_orchestrator._agent import Agent
from wand_orchestrator.graph import Execution, Graph, Node
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES


def resolve_execution(graph: Graph, agents: Mapping[str, Agent]) -> Graph:
    """Return the graph with `execution` set on each node that runs locally; `agents`: by name, those of the core
    worker.

    A node with a `queue` or a `rate`, or an agent that the core worker does not have, never runs locally, whatever it
    says. Of a control node that runs an agent, `execution` is that of the agent.
    """
    nodes = tuple(_resolved(node, agents) for node in graph.nodes)
    if all(old is new for old, new in zip(graph.nodes, nodes, strict=True)):
        return graph
    return graph.model_copy(update={"nodes": nodes})


def _resolved(node: Node, agents: Mapping[str, Agent]) -> Node:
    execution = _execution(node, agents)
    return node if execution == node.execution else node.model_copy(update={"execution": execution})


def _execution(node: Node, agents: Mapping[str, Agent]) -> Execution | None:
    known = [agents[name] for name in agents_of(node) if name in agents]
    if not known or len(known) < len(agents_of(node)) or node.queue is not None or node.rate is not None:
        return None
    return node.execution or ("local" if all(agent.local for agent in known) else None)


def agents_of(node: Node) -> tuple[str, ...]:
    """Return the names of the agents that the node may run; for a node that runs none, its type, which is no agent's
    name.
    """
    control = CONTROL_NODES.get(node.type)
    if control is None or not control.names_agent:
        return (node.type,)
    listed = node.params.get("agents")
    if isinstance(listed, list | tuple) and listed:
        return tuple(map(str, listed))
    return (str(node.params.get("agent")),)
