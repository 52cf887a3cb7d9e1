"""Finds cycles: a shortest one for each group of nodes that lead back to one another."""

from collections import deque
from collections.abc import Collection

from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.components import components
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.outline import Outline
from wand_orchestrator.validation.phrases import shortened

MAX_NAMED = 20
"""Nodes of a cycle that its message names."""


def check_cycles(outline: Outline, findings: Findings) -> None:
    """Check the graph for cycles, except for edges from a node to itself, which are a fault of their own."""
    leaving: dict[str, dict[str, int]] = {id: {} for id in outline.by_id}
    for edge in outline.edges:
        if edge.source in leaving and edge.target in leaving and edge.source != edge.target:
            leaving[edge.source].setdefault(edge.target, edge.index)
    for component in components({source: tuple(targets) for source, targets in leaving.items()}):
        if len(component) > 1:
            start = min(component, key=lambda id: outline.by_id[id].index)
            way = _way_back(start, component, leaving)
            findings.fault(("edges", leaving[way[-1]][start]), Code.CYCLE, _message(way))


def _way_back(start: str, component: Collection[str], leaving: dict[str, dict[str, int]]) -> list[str]:
    """Return the nodes of a shortest cycle through `start`, which comes first."""
    before: dict[str, str] = {}
    queue = deque([start])
    while start not in before:
        source = queue.popleft()
        for target in leaving[source]:
            if target in component and target not in before:
                before[target] = source
                queue.append(target)
    way = [before[start]]
    while way[-1] != start:
        way.append(before[way[-1]])
    return way[::-1]


def _message(way: list[str]) -> str:
    names = [shortened(id) for id in way[:MAX_NAMED]]
    if len(way) > MAX_NAMED:
        names.append(f"… {len(way) - MAX_NAMED} more")
    return f"{' → '.join([*names, names[0]])} is a cycle: remove one of its edges, or repeat with `flow.repeat`"
