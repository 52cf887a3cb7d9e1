"""Checks what expressions select of the outputs of stored graphs against the sinks of these."""

from collections.abc import Iterator, Mapping

from wand_orchestrator.graph import OTHERWISE, Edge, Graph, Node
from wand_orchestrator.graphs.control_node import closed
from wand_orchestrator.graphs.control_nodes import GRAPH, MAP, REPEAT
from wand_orchestrator.validation.expression_faults import Expressions
from wand_orchestrator.validation.fault import Fault, Findings
from wand_orchestrator.validation.node_signatures import Judged
from wand_orchestrator.validation.output_faults import Outputs
from wand_orchestrator.validation.phrases import quoted
from wand_orchestrator.validation.pointer import Path
from wand_orchestrator.validation.schema_view import JsonSchema, View
from wand_orchestrator.validation.suggestions import Near


def child_output_faults(graph: Graph, children: Mapping[str, Graph]) -> tuple[Fault, ...]:
    """Return the faults of expressions that ask a stored graph for an output that it never has. `children`: the stored
    graphs by name or id.
    """
    given = {node.id: _given(node, child) for node, child in _runners(graph, children)}
    findings, near = Findings(), Near()
    outputs = Outputs(Expressions(near), near, findings)
    for index, node in enumerate(graph.nodes):
        child = _child(node, children)
        until = node.params.get("until")
        if child is not None and node.type == REPEAT.name and isinstance(until, str) and "state" not in node.params:
            outputs.select(until, _kind(child), ("nodes", index, "params", "until"))
    for index, edge in enumerate(graph.edges):
        kind = given.get(edge.source) if edge.on == "success" else None
        for place, expression in _expressions(index, edge) if kind is not None else ():
            outputs.select(expression, kind, place)
    return findings.faults.listed()


def _runners(graph: Graph, children: Mapping[str, Graph]) -> Iterator[tuple[Node, Graph]]:
    """Yield the nodes that run a stored graph and wait for it, each with its graph."""
    for node in graph.nodes:
        child = _child(node, children)
        if child is not None and node.params.get("wait") is not False:
            yield node, child


def _child(node: Node, children: Mapping[str, Graph]) -> Graph | None:
    name = node.params.get("graph")
    return children.get(name) if isinstance(name, str) and node.type in (GRAPH.name, MAP.name, REPEAT.name) else None


def _given(node: Node, child: Graph) -> Judged:
    """Return what edges from the node are judged on."""
    outputs = _outputs(child)
    if node.type == MAP.name:
        items: JsonSchema = {"type": "array", "items": {"anyOf": [outputs, {"type": "null"}]}}
        return _judged(node, child, {**MAP.output_of(node.params), "properties": {**_of(node), "outputs": items}})
    if node.type == REPEAT.name:
        return _judged(node, child, {**REPEAT.output_of(node.params), "properties": {**_of(node), "output": outputs}})
    return _judged(node, child, outputs)


def _of(node: Node) -> Mapping[str, JsonSchema]:
    control = MAP if node.type == MAP.name else REPEAT
    properties: Mapping[str, JsonSchema] = control.output_of(node.params)["properties"]
    return properties


def _outputs(child: Graph) -> JsonSchema:
    """Return the JSON Schema of a run's outputs. A sink that was skipped is missing, which is null for expressions."""
    return closed(**{sink: {} for sink in child.effective_sinks()})


def _kind(child: Graph) -> Judged:
    schema = _outputs(child)
    return Judged(f"the outputs of {quoted(child.name)}", View.of({}, {}), View.of(schema, schema))


def _judged(node: Node, child: Graph, schema: JsonSchema) -> Judged:
    name = f"the output of {quoted(node.id)}, which runs {quoted(child.name)}"
    return Judged(name, View.of({}, {}), View.of(schema, schema))


def _expressions(index: int, edge: Edge) -> Iterator[tuple[Path, str]]:
    if edge.when is not None and edge.when != OTHERWISE:
        yield ("edges", index, "when"), edge.when
    for key, expression in edge.map.items():
        yield ("edges", index, "map", key), expression
