"""References in a graph that is posted: their form, their expressions, and the inputs that they use."""

from typing import Any

import checked_agents
import pytest

from wand_orchestrator.plugins import Registry
from wand_orchestrator.validation import Checked, check_graph

AGENTS = Registry.of(checked_agents).agents


def checked(nodes: list[Any], edges: list[Any] | None = None, **graph: Any) -> Checked:
    document = {"name": "g", "nodes": nodes, "edges": edges or [], **graph}
    return check_graph(document, AGENTS, max_nodes=9, max_edges=9)


def faults(nodes: list[Any], edges: list[Any] | None = None, **graph: Any) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in checked(nodes, edges, **graph).faults]


def search(id: str = "a", **params: Any) -> dict[str, Any]:
    return {"id": id, "type": "check.search", "params": {"query": "x", **params}}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"$expr": "a."}, [("/$expr", "expression_syntax")]),
        ({"$expr": "lenght(a)"}, [("/$expr", "unknown_function")]),
        ({"$template": "x {{ a. }}"}, [("/$template", "expression_syntax")]),
        ({"$template": "x {{ }}"}, [("/$template", "expression_syntax")]),
        ({"$template": "x {{ a"}, [("/$template", "expression_syntax")]),
        ({"$template": "plain"}, []),
        ({"$exp": "a"}, [("", "invalid_params"), ("/$exp", "reference")]),
        ({"$templte": "a"}, [("", "invalid_params"), ("/$templte", "reference")]),
        ({"$literal": "a"}, []),
        ({"$literal": ["a"]}, [("", "invalid_params")]),
        ({"$literal": {"$inputt": "a"}}, [("", "invalid_params")]),
    ],
)
def test_references_are_read_before_anything_starts(query: Any, expected: list[tuple[str, str]]) -> None:
    node = search(query=query) | {"input": {"a": 1}}
    found = [found for found in faults([node]) if found[1] != "unknown_input"]
    assert sorted(found) == sorted((f"/nodes/0/params/query{pointer}", code) for pointer, code in expected)


def test_the_pointer_to_what_stands_in_a_literal_leads_there() -> None:
    node = search() | {"params": {"$literal": {"query": "x", "limit": 0}}}
    assert faults([node]) == [("/nodes/0/params/$literal/limit", "invalid_params")]


def test_keys_of_json_schema_and_of_other_languages_are_no_references() -> None:
    loose = {"id": "a", "type": "check.loose", "params": {"name": "x"}}
    schema = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {}}}
    nodes = [loose | {"input": {"where": {"$gt": "a"}, "in": {"$in": ["a"]}, "schema": schema}}]
    assert checked(nodes).faults == () == checked(nodes).warnings


@pytest.mark.parametrize("value", [{"$expr": 5}, {"$expr": "a", "b": 1}, {"$template": None}, {"$literal": 1, "b": 1}])
def test_what_is_nearly_a_reference_is_taken_as_it_stands_and_said_to_be(value: Any) -> None:
    [warning] = checked([{"id": "a", "type": "check.loose", "input": {"x": value}}]).warnings
    assert (warning.pointer, warning.code) == ("/nodes/0/input/x", "reference")


def test_keys_that_only_references_use_need_not_be_taken() -> None:
    source = {"id": "s", "type": "check.search", "params": {"query": "x"}}
    page = search("p", query={"$template": "about {{ title }}"}, limit={"$expr": "count"})
    edges = [{"from": "s", "to": "p", "map": {"title": "pages[0].title", "count": "total", "odd": "note"}}]
    assert faults([source, page], edges) == [("/edges/0/map/odd", "unknown_input")]
    page["input"] = {"given": {"$expr": "odd"}}
    assert faults([source, page], edges) == [("/nodes/1/input/given", "unknown_input")]
    page["params"]["order"] = {"$expr": "keys(@)[0]"}
    assert faults([source, page], edges) == []


def test_input_is_judged_like_what_edges_map() -> None:
    table = {"id": "t", "type": "check.table"}
    assert faults([table | {"input": {"rows": []}}]) == []
    assert faults([table | {"input": {"rows": {"$input": "rows"}, "caption": {"$template": "a"}}}]) == []
    assert faults([table | {"input": {}}]) == [("/nodes/0", "missing_input")]
    assert faults([table | {"input": {"rows": 5}}]) == [("/nodes/0/input/rows", "incompatible_input")]
    assert faults([table | {"input": {"rows": [], "colour": 1}}]) == [("/nodes/0/input/colour", "unknown_input")]
    assert faults([table | {"input": {"rows": {"$template": "a"}}}]) == [("/nodes/0/input/rows", "incompatible_input")]
    assert faults([table | {"input": {"$input": "all"}}]) == []
    assert faults([table | {"input": []}]) == [("/nodes/0/input", "wrong_type")]


def test_an_input_that_comes_twice_is_a_fault() -> None:
    nodes = [search("s"), {"id": "t", "type": "check.table", "input": {"rows": []}}]
    [fault] = checked(nodes, [{"from": "s", "to": "t", "map": {"rows": "pages"}}]).faults
    assert (fault.pointer, fault.code) == ("/edges/0/map/rows", "duplicate_input")
    assert "its own `input` provides" in fault.message


@pytest.mark.parametrize("reference", [{"$expr": "a"}, {"$template": "a"}, {"$input": "a"}])
def test_no_reference_gives_an_expression(reference: dict[str, str]) -> None:
    code = "input_reference" if "$input" in reference else "reference"
    node = {"id": "r", "type": "flow.repeat", "params": {"graph": "g", "until": reference, "max_times": 2}}
    assert faults([node]) == [("/nodes/0/params/until", code)]
