"""What a graph gives to stored graphs and selects of their outputs, as far as their schemas and sinks tell it."""

from typing import Any

import checked_agents
import pytest

from wand_orchestrator.activities import builtin
from wand_orchestrator.graph import Graph
from wand_orchestrator.plugins import Registry
from wand_orchestrator.validation import check_graph

AGENTS = Registry.of(checked_agents, builtin).agents
TEXT = {"type": "agent.transform", "params": {"expression": "@"}}

CHILD = Graph.model_validate(
    {
        "name": "child",
        "input_schema": {"type": "object", "properties": {"limit": {"type": "integer"}, "more": {}}},
        "nodes": [
            {"id": "a", "type": "check.search", "params": {"query": "q"}},
            {"id": "found", "type": "check.search", "params": {"query": "q"}},
            {"id": "free", **TEXT},
            {"id": "waited", "type": "flow.wait", "params": {"seconds": 1}},
        ],
        "edges": [{"from": "a", "to": "found"}, {"from": "a", "to": "free"}],
    }
)
NEST = Graph.model_validate(
    {"name": "nest", "nodes": [{"id": "inner", "type": "flow.map", "params": {"graph": "child", "items": [1]}}]}
)
CHILDREN = {"child": CHILD, "nest": NEST}
ONCE = {"type": "flow.graph", "params": {"graph": "child"}}
CHOSEN = {**ONCE, "params": {"graph": {"$expr": "which"}, "graphs": ["child"]}, "input": {"which": "child"}}
APART = {**ONCE, "params": {"graph": "child", "wait": False}}
DEEP = {"type": "flow.graph", "params": {"graph": "nest"}}
EACH = {"type": "flow.map", "params": {"graph": "child", "items": [1]}}
AGAIN = {"type": "flow.repeat", "params": {"graph": "child", "until": "free", "max_times": 3}}


def repeat(**params: Any) -> dict[str, Any]:
    return {"type": "flow.repeat", "params": {"graph": "child", "max_times": 3, **params}}


def faults(node: dict[str, Any], **edge: Any) -> list[tuple[str, str, str]]:
    nodes = [{"id": "run", **node}, {"id": "end", **TEXT}]
    document = {"name": "g", "nodes": nodes, "edges": [{"from": "run", "to": "end", **edge}]}
    checked = check_graph(document, AGENTS, max_nodes=9, max_edges=9, children=CHILDREN)
    return [(fault.pointer, fault.code, fault.message) for fault in checked.faults]


@pytest.mark.parametrize(
    ("node", "edge"),
    [
        (ONCE, {"map": {"x": "free.anything"}}),
        (ONCE, {"map": {"x": "upper(found.pages[0].title)", "y": "is_after(waited.until, '2026-01-01')"}}),
        (ONCE, {"when": "found && !free"}),
        (ONCE, {"on": "failure", "map": {"x": "error.code"}}),
        (ONCE, {"on": "settled", "map": {"x": "output.found.total"}}),
        (EACH, {"map": {"x": "outputs[*].found.pages[].title", "y": "errors[0].code"}}),
        (AGAIN, {"map": {"x": "output.free", "y": "times"}}),
        (APART, {"map": {"x": "run_id"}}),
        (CHOSEN, {"map": {"x": "found.total"}}),
        (DEEP, {"map": {"x": "inner.outputs[0].found.total"}}),
        (repeat(until="n == `2`", state={"n": 1}), {"map": {"x": "state.n"}}),
        ({**ONCE, "params": {"graph": "unknown"}}, {"map": {"x": "whatever"}}),
        ({**ONCE, "input": {"limit": 3, "more": "x", "other": 1}}, {}),
    ],
)
def test_what_a_sink_gives_is_no_fault(node: dict[str, Any], edge: dict[str, Any]) -> None:
    assert faults(node, **edge) == []


@pytest.mark.parametrize(
    ("node", "edge", "pointer"),
    [
        (ONCE, {"map": {"x": "fuond"}}, "/edges/0/map/x"),
        (ONCE, {"map": {"x": "a"}}, "/edges/0/map/x"),
        (ONCE, {"map": {"x": "found.nosuch"}}, "/edges/0/map/x"),
        (ONCE, {"when": "nosuch"}, "/edges/0/when"),
        (ONCE, {"on": "settled", "map": {"x": "output.nosuch"}}, "/edges/0/map/x"),
        (EACH, {"map": {"x": "outputs[0].nosuch"}}, "/edges/0/map/x"),
        (EACH, {"map": {"x": "outputs[*].found.nosuch"}}, "/edges/0/map/x"),
        (AGAIN, {"map": {"x": "output.nosuch"}}, "/edges/0/map/x"),
        (CHOSEN, {"map": {"x": "nosuch"}}, "/edges/0/map/x"),
        (APART, {"map": {"x": "found"}}, "/edges/0/map/x"),
        (DEEP, {"map": {"x": "inner.outputs[0].found.nosuch"}}, "/edges/0/map/x"),
        (repeat(until="nosuch"), {}, "/nodes/0/params/until"),
        (repeat(until="found.nosuch"), {}, "/nodes/0/params/until"),
    ],
)
def test_what_no_sink_gives_is_a_fault_at_its_place(node: dict[str, Any], edge: dict[str, Any], pointer: str) -> None:
    [(at, code, _)] = faults(node, **edge)
    assert (at, code) == (pointer, "impossible_expression")


def test_the_graph_and_a_near_sink_are_named() -> None:
    [(_, _, message)] = faults(ONCE, map={"x": "fuond"})
    assert "the output of flow.graph, which runs `child`" in message
    assert "found" in message


def test_types_of_what_a_sink_gives_are_followed_into_functions_and_further_nodes() -> None:
    [(at, code, _)] = faults(ONCE, map={"x": "upper(found.total)"})
    assert (at, code) == ("/edges/0/map/x", "function_arguments")

    nodes = [{"id": "run", **ONCE}, {"id": "table", "type": "check.table"}]
    edges = [{"from": "run", "to": "table", "map": {"rows": "found.total"}}]
    document = {"name": "g", "nodes": nodes, "edges": edges}
    [fault] = check_graph(document, AGENTS, max_nodes=9, max_edges=9, children=CHILDREN).faults
    assert (fault.pointer, fault.code) == ("/edges/0/map/rows", "incompatible_input")


def test_what_a_stored_graph_is_given_must_be_of_the_types_of_its_schema() -> None:
    nodes = [
        {"id": "search", "type": "check.search", "params": {"query": "q"}},
        {"id": "edge", **ONCE},
        {"id": "written", **ONCE, "input": {"limit": "many"}},
        {
            "id": "referred",
            **ONCE,
            "input": {
                "limit": {
                    "$template": "{{ pages[0].title }}",
                },
                "pages": [],
            },
        },
    ]
    edges = [{"from": "search", "to": "edge", "map": {"limit": "pages"}}]
    document = {"name": "g", "nodes": nodes, "edges": edges}
    checked = check_graph(document, AGENTS, max_nodes=9, max_edges=9, children=CHILDREN)
    told = [(fault.pointer, fault.code) for fault in checked.faults]
    assert told == [
        ("/edges/0/map/limit", "incompatible_input"),
        ("/nodes/2/input/limit", "incompatible_input"),
    ]
