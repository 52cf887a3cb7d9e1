"""Checks edges that branch, and nodes where branches meet: what they demand must be possible."""

from collections import Counter

from wand_orchestrator.graph import INPUT_SOURCE, OTHERWISE
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.outline import Outline
from wand_orchestrator.validation.phrases import quoted


def check_branches(outline: Outline, findings: Findings) -> None:
    _check_otherwise(outline, findings)
    _check_input_edges(outline, findings)
    _check_first(outline, findings)


def _check_otherwise(outline: Outline, findings: Findings) -> None:
    conditions = {(edge.source, edge.on) for edge in outline.edges if edge.when is not None and not edge.is_otherwise}
    for edge in outline.edges:
        if edge.is_otherwise and (edge.source, edge.on) not in conditions:
            message = (
                f"no other edge from {quoted(edge.source or '')} with the same `on` has a condition, so this one would "
                f'always be taken: leave out `when`, or write `"{OTHERWISE}"` in quotes for a key of that name'
            )
            findings.fault(("edges", edge.index, "when"), Code.OTHERWISE_ALONE, message)


def _check_input_edges(outline: Outline, findings: Findings) -> None:
    for edge in outline.edges:
        if edge.source == INPUT_SOURCE and edge.on in ("failure", "settled"):
            message = f"`{INPUT_SOURCE}`, the run's input, cannot fail: leave out `on`"
            findings.fault(("edges", edge.index, "on"), Code.INPUT_EDGE, message)


def _check_first(outline: Outline, findings: Findings) -> None:
    incoming = Counter(edge.target for edge in outline.edges)
    for node in outline.nodes:
        if node.join == "first" and incoming[node.id] < 2:
            message = f"{quoted(node.name)} takes the first of its edges, and has fewer than two: leave out `join`"
            findings.warn(("nodes", node.index, "join"), Code.FIRST_ALONE, message)
