"""Prepares a graph for the snapshot of a run: adds what a workflow cannot know, as it does not see the agents.

Who starts a run knows them, and puts into its snapshot where each node runs and which of its inputs its agent takes.
"""

from collections.abc import Iterable, Mapping

from wand_orchestrator._agent import Agent
from wand_orchestrator.graph import Graph
from wand_orchestrator.graphs.execution import resolve_execution
from wand_orchestrator.graphs.input_keys import KeysByAgent, agents_to_ask, with_input_keys
from wand_orchestrator.validation.schema_view import View


def prepared(graph: Graph, agents: Mapping[str, Agent]) -> Graph:
    """Return the graph with `execution` and `takes` set on the nodes that need them; `agents`: by name."""
    graph = resolve_execution(graph, agents)
    return with_input_keys(graph, input_keys(agents_to_ask(graph), agents))


def input_keys(names: Iterable[str], agents: Mapping[str, Agent]) -> KeysByAgent:
    """Return the input keys of the agents, without those that are not known or take any key."""
    return {name: keys for name in sorted(names) if (keys := _keys_of(agents.get(name))) is not None}


def _keys_of(agent: Agent | None) -> tuple[str, ...] | None:
    if agent is None:
        return None
    view = View.of(agent.input_schema, agent.input_schema)
    return view.keys if all(alternative.is_closed for alternative in view.alternatives) else None
