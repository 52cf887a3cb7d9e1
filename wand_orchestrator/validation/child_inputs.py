"""Checks what control nodes pass to stored graphs against the `input_schema` of these."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wand_orchestrator.graph import Graph, Node
from wand_orchestrator.graphs.control_nodes import GRAPH
from wand_orchestrator.graphs.node_values import INPUT, taken
from wand_orchestrator.graphs.references import is_reference
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.input_schema import compiled
from wand_orchestrator.validation.json_schema import UnusableSchema
from wand_orchestrator.validation.phrases import listed, quoted
from wand_orchestrator.validation.pointer import Part
from wand_orchestrator.validation.schema_errors import misfits
from wand_orchestrator.validation.written_references import written


@dataclass(frozen=True)
class _Given:
    """Contains what one child run is given: the values written in the graph, their place, and the keys that edges map,
    each with its edge.
    """

    values: dict[str, Any]
    at: tuple[Part, ...]
    mapped: Mapping[str, int]


def check_child_inputs(graph: Graph, children: Mapping[str, Graph], findings: Findings) -> None:
    """Find the nodes whose input is certainly refused by the `input_schema` of a stored graph. `children`: the stored
    graphs by name or id.
    """
    mapped: dict[str, dict[str, int]] = {}
    for index, edge in enumerate(graph.edges):
        mapped.setdefault(edge.target, {}).update(dict.fromkeys(edge.map, index))
    for index, node in enumerate(graph.nodes):
        child = children.get(str(node.params.get("graph")))
        given = _given(index, node, mapped.get(node.id, {}))
        if child is not None and child.input_schema is not None and given is not None:
            _check(node, given, child.name, child.input_schema, findings)


def _given(index: int, node: Node, mapped: Mapping[str, int]) -> _Given | None:
    """Return what the child run is given; None if that is unknown before a run, as with the items of a map."""
    if node.type == GRAPH.name:
        place: tuple[Part, ...] = ("nodes", index, INPUT)
        return None if is_reference(node.input) else _Given(written(node.input), place, mapped)
    values = node.params.get(INPUT)
    if not isinstance(values, dict) or is_reference(values):
        return None
    return _Given(written(values), ("nodes", index, "params", INPUT), {})


def _check(node: Node, given: _Given, name: str, schema: dict[str, Any], findings: Findings) -> None:
    try:
        known = compiled(schema)
        errors = known.certain_errors(given.values)
    except UnusableSchema:  # of an older release; a run of it says so
        return
    keys = list(taken(node, None, {**given.values, **given.mapped}))
    if missing := [key for key in known.needed if key not in keys]:
        message = f"{quoted(node.id)} runs {quoted(name)}, which needs the input {listed(missing)}: map or give it"
        findings.fault(given.at[:2], Code.MISSING_INPUT, message)
    for key in keys if known.is_closed else ():
        if key not in known.keys:
            at = (*given.at, key) if key in given.values else ("edges", given.mapped[key], "map", key)
            message = f"{quoted(name)} takes no input {quoted(key)}: it takes {listed(known.keys)}"
            findings.fault(at, Code.UNKNOWN_INPUT, message)
    for error in errors:
        for misfit in misfits(error, "`input`") if error.absolute_path else ():
            message = misfit.message or f"there is no key {quoted(misfit.key or '')} here"
            findings.fault((*given.at, *misfit.path), Code.INCOMPATIBLE_INPUT, message)
