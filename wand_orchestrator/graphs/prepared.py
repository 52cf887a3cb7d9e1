"""Prepares a graph for the snapshot of a run: adds what a workflow cannot know, as it does not see the agents.

Who starts a run knows them, and puts into its snapshot where each node runs and which of its inputs its agent takes.
"""

from collections.abc import Mapping

from wand_orchestrator._agent import Agent
from wand_orchestrator.graph import Graph, Node
from wand_orchestrator.graphs.execution import agents_of, resolve_execution
from wand_orchestrator.graphs.references import looks_at_own_input
from wand_orchestrator.validation.schema_view import View


def prepared(graph: Graph, agents: Mapping[str, Agent]) -> Graph:
    """Return the graph with `execution` and `takes` set on the nodes that need them; `agents`: by name."""
    graph = resolve_execution(graph, agents)
    nodes = tuple(_with_takes(node, agents) for node in graph.nodes)
    if all(old is new for old, new in zip(graph.nodes, nodes, strict=True)):
        return graph
    return graph.model_copy(update={"nodes": nodes})


def _with_takes(node: Node, agents: Mapping[str, Agent]) -> Node:
    """Return the node with `takes` set, if it has references to its own input: only then can it have keys that its
    agent does not accept.
    """
    known = [agents.get(name) for name in agents_of(node)]
    if None in known or not (looks_at_own_input(node.params) or looks_at_own_input(node.input)):
        return node
    views = [View.of(agent.input_schema, agent.input_schema) for agent in known if agent is not None]
    if not all(alternative.is_closed for view in views for alternative in view.alternatives):
        return node
    return node.model_copy(update={"takes": tuple(dict.fromkeys(key for view in views for key in view.keys))})
