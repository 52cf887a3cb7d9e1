"""What expressions ask of the outputs of stored graphs, as far as their sinks tell it."""

from typing import Any

import pytest

from wand_orchestrator.graph import Graph
from wand_orchestrator.validation.child_outputs import child_output_faults


def graph(node: dict[str, Any], **edge: Any) -> Graph:
    nodes = [{"id": "run", **node}, {"id": "end", "type": "agent.transform", "params": {"expression": "@"}}]
    return Graph.model_validate({"name": "g", "nodes": nodes, "edges": [{"from": "run", "to": "end", **edge}]})


CHILD = Graph.model_validate(
    {
        "name": "child",
        "nodes": [{"id": "a", "type": "x"}, {"id": "title", "type": "x"}, {"id": "text", "type": "x"}],
        "edges": [{"from": "a", "to": "title"}, {"from": "a", "to": "text"}],
    }
)
ONCE = {"type": "flow.graph", "params": {"graph": "child"}}
EACH = {"type": "flow.map", "params": {"graph": "child", "items": [1]}}
AGAIN = {"type": "flow.repeat", "params": {"graph": "child", "until": "title", "max_times": 3}}


@pytest.mark.parametrize(
    ("node", "edge"),
    [
        (ONCE, {"map": {"x": "title.anything"}}),
        (ONCE, {"when": "text && !title"}),
        (ONCE, {"when": "otherwise"}),
        (ONCE, {"on": "failure", "map": {"x": "error.code"}}),
        (EACH, {"map": {"x": "outputs[*].title", "y": "errors[0].code"}}),
        (AGAIN, {"map": {"x": "output.text", "y": "times"}}),
        ({**ONCE, "params": {"graph": "child", "wait": False}}, {"map": {"x": "run_id"}}),
        ({**ONCE, "params": {"graph": {"$expr": "which"}, "graphs": ["child"]}}, {"map": {"x": "nosuch"}}),
        (
            {"type": "flow.repeat", "params": {**AGAIN["params"], "state": {"n": 1}, "until": "n == `2`"}},  # type: ignore[dict-item]
            {"map": {"x": "state.n"}},
        ),
    ],
)
def test_what_a_sink_gives_is_no_fault(node: dict[str, Any], edge: dict[str, Any]) -> None:
    assert child_output_faults(graph(node, **edge), {"child": CHILD}) == ()


@pytest.mark.parametrize(
    ("node", "edge", "pointer"),
    [
        (ONCE, {"map": {"x": "titel"}}, "/edges/0/map/x"),
        (ONCE, {"map": {"x": "a"}}, "/edges/0/map/x"),
        (ONCE, {"when": "nosuch"}, "/edges/0/when"),
        (EACH, {"map": {"x": "outputs[0].nosuch"}}, "/edges/0/map/x"),
        (AGAIN, {"map": {"x": "output.nosuch"}}, "/edges/0/map/x"),
        (
            {"type": "flow.repeat", "params": {"graph": "child", "until": "nosuch", "max_times": 3}},
            {},
            "/nodes/0/params/until",
        ),
    ],
)
def test_what_no_sink_gives_is_a_fault_at_its_place(node: dict[str, Any], edge: dict[str, Any], pointer: str) -> None:
    [fault] = child_output_faults(graph(node, **edge), {"child": CHILD})
    assert (fault.pointer, fault.code) == (pointer, "impossible_expression")
    assert "child" in fault.message


def test_a_near_sink_is_named() -> None:
    [fault] = child_output_faults(graph(ONCE, map={"x": "titel"}), {"child": CHILD})
    assert "title" in fault.message
