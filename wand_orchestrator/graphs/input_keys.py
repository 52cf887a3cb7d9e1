"""Tells nodes which keys of their input their agents take: the others serve references, and are not handed on.

A workflow does not see the agents. Who starts a run knows them; a run that nothing prepared asks a core worker.
"""

from collections.abc import Mapping

from wand_orchestrator.graph import Graph, Node
from wand_orchestrator.graphs.execution import agents_of
from wand_orchestrator.graphs.references import looks_at_own_input

KeysByAgent = Mapping[str, tuple[str, ...]]
"""Of the agents that take certain keys and no others."""


def agents_to_ask(graph: Graph) -> frozenset[str]:
    """Return the names of the agents whose input keys matter for the graph."""
    return frozenset(name for node in graph.nodes if _may_have_more(node) for name in agents_of(node))


def with_input_keys(graph: Graph, keys: KeysByAgent) -> Graph:
    """Return the graph with `takes` set on the nodes that need it; the same object if none does."""
    nodes = tuple(_with_takes(node, keys) for node in graph.nodes)
    if all(old is new for old, new in zip(graph.nodes, nodes, strict=True)):
        return graph
    return graph.model_copy(update={"nodes": nodes})


def _with_takes(node: Node, keys: KeysByAgent) -> Node:
    if not _may_have_more(node):
        return node
    names = agents_of(node)
    known = {name: keys[name] for name in names if name in keys}
    if not known:
        return node
    return node.model_copy(update={"takes": known if len(names) > 1 else known[names[0]]})


def _may_have_more(node: Node) -> bool:
    """Return whether the node may have keys that its agent does not take: only if references look at its input."""
    return node.takes is None and (looks_at_own_input(node.params) or looks_at_own_input(node.input))
