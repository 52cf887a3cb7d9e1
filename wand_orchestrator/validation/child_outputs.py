"""Checks what expressions select of the outputs of stored graphs against the sinks of these."""

from collections.abc import Iterator, Mapping

from wand_orchestrator.graph import OTHERWISE, Edge, Graph, Node
from wand_orchestrator.graphs.control_node import closed
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES, MAP, REPEAT
from wand_orchestrator.validation.expression_faults import Expressions
from wand_orchestrator.validation.fault import Fault, Findings
from wand_orchestrator.validation.node_signatures import Judged
from wand_orchestrator.validation.output_faults import Outputs
from wand_orchestrator.validation.phrases import quoted
from wand_orchestrator.validation.pointer import Path
from wand_orchestrator.validation.schema_view import JsonSchema, View
from wand_orchestrator.validation.suggestions import Near

_HOLDS = {MAP.name: (MAP, "outputs"), REPEAT.name: (REPEAT, "output")}
"""Of control nodes that run their graph several times: the key of their output under which that of the runs is."""


def child_output_faults(graph: Graph, children: Mapping[str, Graph]) -> tuple[Fault, ...]:
    """Return the faults of expressions that ask a stored graph for an output that it never has. `children`: the stored
    graphs by name or id.
    """
    findings, near = Findings(), Near()
    outputs = Outputs(Expressions(near), near, findings)
    given: dict[str, Judged] = {}
    for index, node in enumerate(graph.nodes):
        child = _child(node, children)
        if child is None:
            continue
        schema, until = _outputs(child), node.params.get("until")
        given[node.id] = _judged(
            f"the output of {quoted(node.id)}, which runs {quoted(child.name)}", _held(node, schema)
        )
        if isinstance(until, str) and "state" not in node.params:
            kind = _judged(f"the outputs of {quoted(child.name)}", schema)
            outputs.select(until, kind, ("nodes", index, "params", "until"))
    for index, edge in enumerate(graph.edges):
        kind_of_source = given.get(edge.source) if edge.on == "success" else None
        for place, expression in _expressions(index, edge) if kind_of_source is not None else ():
            outputs.select(expression, kind_of_source, place)
    return findings.faults.listed()


def _child(node: Node, children: Mapping[str, Graph]) -> Graph | None:
    """Return the stored graph that the node runs and waits for; None if it runs none, or one that is not known yet."""
    control, name = CONTROL_NODES.get(node.type), node.params.get("graph")
    if control is None or not control.names_graph or not isinstance(name, str) or node.params.get("wait") is False:
        return None
    return children.get(name)


def _outputs(child: Graph) -> JsonSchema:
    """Return the JSON Schema of a run's outputs. A sink that was skipped is missing, which is null for expressions."""
    return closed(**{sink: {} for sink in child.effective_sinks()})


def _held(node: Node, outputs: JsonSchema) -> JsonSchema:
    """Return the JSON Schema of the node's output, in which the `outputs` of its runs stand."""
    if node.type not in _HOLDS:
        return outputs
    control, key = _HOLDS[node.type]
    schema = control.output_of(node.params)
    held = {"type": "array", "items": {"anyOf": [outputs, {"type": "null"}]}} if control is MAP else outputs
    return {**schema, "properties": {**schema["properties"], key: held}}


def _judged(name: str, schema: JsonSchema) -> Judged:
    return Judged(name, View.of({}, {}), View.of(schema, schema))


def _expressions(index: int, edge: Edge) -> Iterator[tuple[Path, str]]:
    if edge.when is not None and edge.when != OTHERWISE:
        yield ("edges", index, "when"), edge.when
    for key, expression in edge.map.items():
        yield ("edges", index, "map", key), expression
