"""Checks that nodes, edges and sinks name one another correctly."""

from wand_orchestrator.graph import INPUT_SOURCE
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.outline import EdgeOutline, Outline
from wand_orchestrator.validation.phrases import quoted
from wand_orchestrator.validation.suggestions import Near


def check_structure(outline: Outline, near: Near, findings: Findings) -> None:
    _check_ids(outline, findings)
    for edge in outline.edges:
        _check_ends(edge, outline, near, findings)
    _check_sinks(outline, near, findings)


def _check_ids(outline: Outline, findings: Findings) -> None:
    for node in outline.nodes:
        first = outline.by_id.get(node.id) if node.id is not None else None
        if first is not None and first.index != node.index:
            message = f"the id {quoted(node.name)} is taken by node {first.index}: give this node an id of its own"
            findings.fault(("nodes", node.index, "id"), Code.DUPLICATE_ID, message)


def _check_ends(edge: EdgeOutline, outline: Outline, near: Near, findings: Findings) -> None:
    for key, end in (("from", edge.source), ("to", edge.target)):
        if end is not None and end not in outline.by_id and (key, end) != ("from", INPUT_SOURCE):
            message = f"there is no node {quoted(end)}{near.hint('node', end, outline.by_id)}"
            findings.fault(("edges", edge.index, key), Code.UNKNOWN_NODE, message)
    if edge.source is not None and edge.source == edge.target:
        message = f"the edge leads from {quoted(edge.source)} back to itself: remove it, or repeat with `flow.repeat`"
        findings.fault(("edges", edge.index), Code.SELF_EDGE, message)


def _check_sinks(outline: Outline, near: Near, findings: Findings) -> None:
    first: dict[str, int] = {}
    for index, sink in outline.sinks:
        if sink not in outline.by_id:
            message = f"there is no node {quoted(sink)}{near.hint('node', sink, outline.by_id)}"
            findings.fault(("sinks", index), Code.UNKNOWN_NODE, message)
        elif first.setdefault(sink, index) != index:
            message = f"{quoted(sink)} is a sink already, at {first[sink]}: name it once"
            findings.fault(("sinks", index), Code.DUPLICATE_SINK, message)
