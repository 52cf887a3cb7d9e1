"""Checks a graph document from end to end; every check looks at what it can, so that all faults come in one answer."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from wand_orchestrator._agent import Agent
from wand_orchestrator.errors import GraphFaults
from wand_orchestrator.graph import Graph
from wand_orchestrator.validation.branches import check_branches
from wand_orchestrator.validation.child_inputs import check_child_inputs
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.cycles import check_cycles
from wand_orchestrator.validation.document import check_document
from wand_orchestrator.validation.expression_faults import Expressions
from wand_orchestrator.validation.fault import Fault, Findings
from wand_orchestrator.validation.input_schema_faults import check_input_schema
from wand_orchestrator.validation.inputs import InputCheck
from wand_orchestrator.validation.llm_check import KNOWN_BY_NOBODY, Known
from wand_orchestrator.validation.mcp_types import NOTHING_KNOWN, McpServersKnown
from wand_orchestrator.validation.model_faults import GRAPH, read_form
from wand_orchestrator.validation.node_signatures import Kind, Kinds
from wand_orchestrator.validation.nodes import NodeCheck
from wand_orchestrator.validation.outline import Outline
from wand_orchestrator.validation.output_faults import Outputs
from wand_orchestrator.validation.rates import check_rates
from wand_orchestrator.validation.structure import check_structure
from wand_orchestrator.validation.suggestions import Near


@dataclass(frozen=True)
class Checked:
    """Contains the result of a check. `graph` is None when there are faults."""

    graph: Graph | None
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


def check_graph(
    document: Any,
    agents: Mapping[str, Agent],
    *,
    max_nodes: int,
    max_edges: int,
    rates: Collection[str] | None = None,
    children: Mapping[str, Graph] = MappingProxyType({}),
    mcp: McpServersKnown = NOTHING_KNOWN,
    known: Known = KNOWN_BY_NOBODY,
) -> Checked:
    """Return all faults and warnings of a graph, given as parsed JSON; never raises, whatever the document contains.

    Faults that keep the document from being read at all (too large, too deep, text that is no Unicode) come alone.
    Takes time in proportion to the size of the document. `rates`: the names of those that there are, if that is known.
    `children`: the stored graphs that control nodes name, nested ones included, by name or id, as far as they are
    known: what is passed to them and selected of their outputs is checked, too. `mcp`: the MCP servers whose tools are
    among `agents`. `known`: what an `agent.llm` may name besides.
    """
    findings = Findings()
    graph = None
    _check_size(document, max_nodes, max_edges, findings)
    encoded = None if findings.faults else check_document(document, findings)
    if encoded is not None:
        near = Near()
        read = json.loads(encoded)  # the document as it will be stored: with lists for a program's tuples
        findings.document = read
        graph = read_form(GRAPH, read, encoded, near, findings)
        outline = Outline.of(read)
        check_rates(outline, rates, near, findings)
        run_input = check_input_schema(read, findings)
        nodes = partial(NodeCheck, agents, mcp=mcp, known=known)
        _check_meaning(outline, Kinds(agents, children), nodes, run_input, near, findings)
    if graph is not None and children:
        check_child_inputs(graph, children, findings)
    return Checked(None if findings.faults else graph, findings.faults.listed(), findings.warnings.listed())


def require_graph(document: Any, agents: Mapping[str, Agent], *, max_nodes: int, max_edges: int) -> Checked:
    """Return the graph with its warnings. Raises GraphFaults with all of its faults."""
    checked = check_graph(document, agents, max_nodes=max_nodes, max_edges=max_edges)
    if checked.graph is None:
        raise GraphFaults(checked.faults)
    return checked


def _check_size(document: Any, max_nodes: int, max_edges: int, findings: Findings) -> None:
    for key, most, code in (("nodes", max_nodes, Code.TOO_MANY_NODES), ("edges", max_edges, Code.TOO_MANY_EDGES)):
        items = document.get(key) if isinstance(document, dict) else None
        if isinstance(items, list | tuple) and len(items) > most:
            setting = f"WAND_MAX_{key.upper()}"
            message = f"the graph has {len(items)} {key}, and at most {most} are allowed (`{setting}`)"
            findings.fault((key,), code, message)


def _check_meaning(
    outline: Outline,
    kinds: Kinds,
    check_of: "Callable[[Kinds, Kind | None, Outputs, Near, Findings], NodeCheck]",
    run_input: Kind | None,
    near: Near,
    findings: Findings,
) -> None:
    outputs = Outputs(Expressions(near), near, findings)
    check_structure(outline, near, findings)
    check_cycles(outline, findings)
    check_branches(outline, findings)
    inputs = InputCheck(outline, kinds, run_input, outputs, near, findings)
    inputs.check_edges()
    nodes = check_of(kinds, run_input, outputs, near, findings)
    for node in outline.nodes:
        nodes.check(node, inputs.own(node))
    inputs.check_required()
