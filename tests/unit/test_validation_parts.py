"""What control nodes give to their parts, as the check of a graph sees it: items, params and input of the target."""

from typing import Any

import checked_agents
import pytest

from wand_orchestrator.plugins import Registry
from wand_orchestrator.validation import check_graph

AGENTS = Registry.of(checked_agents).agents
SEARCH = {"agent": "check.search", "params": {"query": {"$expr": "item"}}}
TABLE = {"agent": "check.table", "items": [1], "input": {"rows": [{"$expr": "item"}]}}


def faults(node: dict[str, Any], **map: str) -> list[tuple[str, str]]:
    nodes = [{"id": "s", "type": "check.search", "params": {"query": "x"}}, {"id": "n", **node}]
    document = {"name": "g", "nodes": nodes, "edges": [{"from": "s", "to": "n", "map": map}]}
    return [(fault.pointer, fault.code) for fault in check_graph(document, AGENTS, max_nodes=9, max_edges=9).faults]


def mapped(params: dict[str, Any], input: dict[str, Any] | None = None, **map: str) -> list[tuple[str, str]]:
    return faults({"type": "flow.map", "params": params, "input": input or {}}, **map)


@pytest.mark.parametrize("params", [{"agent": "flow.wait"}, {"agent": {"$expr": "a"}, "agents": ["flow.wait"]}])
def test_a_control_node_is_no_agent_of_another_one(params: dict[str, Any]) -> None:
    asked = {"a": "x"} if "agents" in params else {}
    node = {"id": "n", "type": "flow.map", "params": {**params, "items": []}, "input": asked}
    [fault] = check_graph({"name": "g", "nodes": [node]}, AGENTS, max_nodes=9, max_edges=9).faults
    assert (fault.code, "'flow.wait' is a control node" in fault.message) == ("unknown_agent", True)


def test_items_come_once_from_anywhere() -> None:
    assert mapped({**SEARCH, "items": {"$input": "urls"}}) == []
    assert mapped({**SEARCH, "items": ["a", "b"]}) == []
    assert mapped(SEARCH, {"items": {"$input": "urls"}}) == []
    assert mapped(SEARCH, items="pages[*].title") == []
    assert mapped(SEARCH) == [("/nodes/1", "missing_input")]
    assert mapped({**SEARCH, "items": []}, {"items": []}) == [("/nodes/1/input/items", "duplicate_input")]
    assert mapped({**SEARCH, "items": []}, items="pages[*].title") == [("/edges/0/map/items", "duplicate_input")]
    assert mapped(SEARCH, {"items": []}, items="pages[*].title") == [("/edges/0/map/items", "duplicate_input")]
    assert mapped({**SEARCH, "items": 5}) == [("/nodes/1/params/items", "wrong_type")]
    assert mapped(SEARCH, {"items": 5}) == [("/nodes/1/input/items", "incompatible_input")]
    assert mapped(SEARCH, items="total") == [("/edges/0/map/items", "incompatible_input")]


def test_other_inputs_of_a_map_are_those_that_its_references_use() -> None:
    params = {"agent": "check.search", "params": {"query": {"$template": "{{ item }} {{ topic }}"}}}
    assert mapped(params, {"topic": "x"}, items="pages[*].title") == []
    assert mapped(params, {"topics": "x"}, items="extra.any") == [("/nodes/1/input/topics", "unknown_input")]
    assert mapped(params, {"topics": "x"}, items="pages[*].title") == [
        ("/nodes/1/input/topics", "unknown_input"),
        ("/nodes/1/params/params/query/$template", "impossible_expression"),
    ]


@pytest.mark.parametrize(
    ("input", "expected"),
    [
        ({"rows": {"$expr": "item"}}, []),
        ({"rows": [], "caption": {"$template": "{{ index }}"}}, []),
        ({"$expr": "item"}, []),
        ({"rows": 5}, [("/input/rows", "incompatible_input")]),
        ({"rows": [], "captoin": "x"}, [("/input/captoin", "unknown_input")]),
        ({"caption": "x"}, [("/input", "missing_input")]),
        ({"rows": {"$expr": "item."}}, [("/input/rows/$expr", "expression_syntax")]),
        (5, [("/input", "wrong_type")]),
    ],
)
@pytest.mark.parametrize("type", ["flow.map", "flow.repeat"])
def test_the_input_of_a_part_is_judged_by_the_agent(type: str, input: Any, expected: list[tuple[str, str]]) -> None:
    params = {"agent": "check.table", "input": input}
    params |= {"items": []} if type == "flow.map" else {"until": "@", "max_times": 2}
    found = faults({"type": type, "params": params})
    assert found == [(f"/nodes/1/params{pointer}", code) for pointer, code in expected]


def test_a_repetition_that_says_what_its_rounds_are_given_takes_inputs_for_its_references_alone() -> None:
    params = {"agent": "check.table", "input": {"rows": {"$expr": "rows || [first]"}}, "until": "@", "max_times": 2}
    assert faults({"type": "flow.repeat", "params": params}, first="total") == []
    assert faults({"type": "flow.repeat", "params": params}, caption="total") == [
        ("/edges/0/map/caption", "unknown_input")
    ]


def test_params_that_are_one_literal_are_judged_as_they_stand() -> None:
    params = {"$literal": {"agent": "check.table", "items": [], "input": {"rows": 5}}}
    assert mapped(params) == [("/nodes/1/params/$literal/input/rows", "incompatible_input")]
    assert mapped({"$literal": 5}) == [("/nodes/1/params", "bad_value")]
    assert faults({"type": "check.table", "input": {"$literal": {"rows": [], "odd": 1}}}) == [
        ("/nodes/1/input/$literal/odd", "unknown_input")
    ]
    assert faults({"type": "check.table", "input": {"$literal": None}}) == [("/nodes/1/input", "bad_value")]


@pytest.mark.parametrize("target", [{"agent": "check.table"}, {"graph": {"$input": "g"}, "graphs": ["g"]}])
def test_what_parts_are_given_has_no_empty_key(target: dict[str, Any]) -> None:
    given = {"rows": [], "": 1}
    refused = ("/nodes/1/params/input/", "bad_value")
    assert refused in mapped({**target, "items": [1], "input": given})
    state = {"": 1, "rows": []}
    repeat = {"type": "flow.repeat", "params": {**target, "until": "x", "max_times": 2, "state": state}}
    assert ("/nodes/1/params/state/", "bad_value") in faults(repeat)


CHOSEN = {"agent": {"$input": "which"}, "agents": ["check.search", "check.table"]}
REPEAT = {"agent": "check.search", "params": {"query": "x"}, "until": "total", "max_times": 2}


@pytest.mark.parametrize(
    ("type", "params", "expression", "codes"),
    [
        ("flow.map", {**SEARCH, "items": ["x"]}, "outputs[0].total", []),
        ("flow.map", {**SEARCH, "items": ["x"]}, "outputs[*].pages[].title", []),
        ("flow.map", {**SEARCH, "items": ["x"]}, "outputs[0].totl", ["impossible_expression"]),
        ("flow.map", {**SEARCH, "items": ["x"]}, "outputs[?@].totl", ["impossible_expression"]),
        ("flow.map", {**SEARCH, "items": ["x"]}, "upper(outputs[0].total)", ["function_arguments"]),
        ("flow.map", {**SEARCH, "items": ["x"]}, "errors[0].code", []),
        ("flow.map", {**CHOSEN, "items": ["x"]}, "outputs[0].anything", []),
        ("flow.map", TABLE, "outputs[0].anything", []),
        ("flow.map", {"agent": "acme.unknown", "items": ["x"]}, "outputs[0].anything", []),
        ("flow.repeat", REPEAT, "output.total", []),
        ("flow.repeat", REPEAT, "output.totl", ["impossible_expression"]),
        ("flow.repeat", {**REPEAT, "state": {"seen": 1}}, "output.anything", []),
    ],
)
def test_what_an_agent_gives_is_followed_through_the_control_node_that_runs_it(
    type: str, params: dict[str, Any], expression: str, codes: list[str]
) -> None:
    nodes = [{"id": "n", "type": type, "params": params}, {"id": "t", "type": "check.loose"}]
    document = {"name": "g", "nodes": nodes, "edges": [{"from": "n", "to": "t", "map": {"x": expression}}]}
    checked = check_graph(document, AGENTS, max_nodes=9, max_edges=9)
    assert [fault.code for fault in checked.faults if fault.pointer == "/edges/0/map/x"] == codes
