"""Types that are followed through references: from edges and the run's input into params, inputs and parts."""

from typing import Any

import checked_agents
import pytest

from wand_orchestrator.plugins import Registry
from wand_orchestrator.validation import check_graph

AGENTS = Registry.of(checked_agents).agents
SOURCE = {"id": "s", "type": "check.search", "params": {"query": "x"}}
SCHEMA = {
    "type": "object",
    "properties": {
        "n": {"type": "integer"},
        "urls": {"type": "array", "items": {"type": "string"}},
        "may": {"type": "integer"},
    },
    "required": ["n", "urls"],
}
FROM_SOURCE = {"n": "total", "title": "pages[0].title", "pages": "pages"}


def found(node: dict[str, Any], edge: dict[str, Any] | None = None, **graph: Any) -> list[tuple[str, str]]:
    """Faults of a node `n` behind a search, whose pointers begin at the node."""
    edges = [{"from": "s", "to": "n", "map": FROM_SOURCE, **(edge or {})}]
    document = {"name": "g", "nodes": [SOURCE, {"id": "n", **node}], "edges": edges, "input_schema": SCHEMA, **graph}
    checked = check_graph(document, AGENTS, max_nodes=9, max_edges=9)
    return [(fault.pointer.removeprefix("/nodes/1"), fault.code) for fault in checked.faults]


def told(*args: Any, **kwargs: Any) -> list[tuple[str, str]]:
    """Those of references alone: the test's edges map more than most nodes take."""
    return [fault for fault in found(*args, **kwargs) if fault[1] != "unknown_input"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"query": {"$expr": "title"}}, []),
        ({"query": {"$expr": "n"}}, [("/query", "invalid_params")]),
        ({"query": {"$expr": "pages"}}, [("/query", "invalid_params")]),
        ({"query": {"$expr": "titel"}}, [("/query/$expr", "impossible_expression")]),
        ({"query": {"$template": "{{ titel }}"}}, [("/query/$template", "impossible_expression")]),
        ({"query": {"$input": "urls"}}, [("/query", "invalid_params")]),
        ({"query": {"$input": "urls[0]"}}, []),
        ({"query": "x", "limit": {"$template": "{{ n }}"}}, []),
        ({"query": "x", "limit": {"$expr": "pages[*].words"}}, [("/limit", "invalid_params")]),
        ({"query": "x", "limit": {"$expr": "pages[0].wrods"}}, [("/limit/$expr", "impossible_expression")]),
        ({"query": "x", "limit": {"$expr": "sum(pages[*].words)"}}, []),
        ({"$template": "x"}, [("", "invalid_params")]),
    ],
)
def test_what_a_reference_gives_is_held_against_the_agents_params(
    params: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert told({"type": "check.search", "params": params}) == [
        (f"/params{pointer}", code) for pointer, code in expected
    ]


def test_a_fault_says_what_the_node_is_given() -> None:
    node = {"id": "n", "type": "check.search", "params": {"query": {"$expr": "titel"}}}
    document = {"name": "g", "nodes": [SOURCE, node], "edges": [{"from": "s", "to": "n", "map": {"title": "note"}}]}
    [_, fault] = sorted(check_graph(document, AGENTS, max_nodes=9, max_edges=9).faults, key=lambda each: each.code)[
        ::-1
    ]
    assert fault.message == (
        "'titel' does not fit the input of 'n': there is no `titel`: it has `title`; did you mean `title`?"
    )


def test_the_input_of_a_node_sees_edges_and_its_plain_keys() -> None:
    table = {"type": "check.table", "input": {"rows": {"$expr": "pages"}, "caption": {"$expr": "title"}}}
    assert told(table) == []
    table["input"] = {"rows": {"$expr": "title"}, "caption": {"$expr": "[n]"}}
    assert told(table) == [("/input/rows", "incompatible_input"), ("/input/caption", "incompatible_input")]
    table["input"] = {"rows": [], "caption": {"$expr": "rows"}, "width": {"$expr": "caption"}}
    assert told(table) == [
        ("/input/caption", "incompatible_input"),
        ("/input/width/$expr", "impossible_expression"),
    ]


def test_what_may_be_missing_is_null_as_well() -> None:
    """An edge of several that need not be taken, and a key of the run's input that is not required."""
    node = {"type": "check.search", "params": {"query": {"$expr": "n || title"}}}
    assert told(node) == []
    optional = {"type": "flow.map", "params": {"agent": "check.nothing", "items": {"$input": "may"}}}
    assert told(optional) == []


def test_params_of_control_nodes_are_held_against_their_models() -> None:
    assert told({"type": "flow.wait", "params": {"seconds": {"$expr": "n"}}}) == []
    assert told({"type": "flow.wait", "params": {"seconds": {"$expr": "pages"}}}) == [("/params/seconds", "wrong_type")]
    assert told({"type": "flow.approval", "params": {"prompt": {"$expr": "n"}}}) == [("/params/prompt", "wrong_type")]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"items": {"$input": "urls"}, "params": {"query": {"$expr": "item"}}}, []),
        ({"items": {"$input": "n"}, "params": {"query": {"$expr": "item"}}}, [("/items", "wrong_type")]),
        ({"items": {"$input": "urls"}, "params": {"query": {"$expr": "index"}}}, [("/params/query", "invalid_params")]),
        (
            {"items": {"$input": "urls"}, "params": {"query": {"$expr": "item.name"}}},
            [("/params/query/$expr", "impossible_expression")],
        ),
        ({"items": {"$expr": "pages"}, "params": {"query": {"$expr": "item.title"}}}, []),
        ({"items": {"$expr": "pages"}, "params": {"query": {"$template": "{{ words }} {{ title }}"}}}, []),
        (
            {"items": {"$expr": "pages"}, "params": {"query": {"$expr": "item.words"}}},
            [("/params/query", "invalid_params")],
        ),
        (
            {"items": {"$expr": "pages"}, "params": {"query": {"$expr": "itme"}}},
            [("/params/query/$expr", "impossible_expression")],
        ),
        ({"items": {"$input": "@"}, "params": {"query": {"$expr": "item"}}}, [("/items", "wrong_type")]),
    ],
)
def test_references_of_an_item_are_judged_by_what_the_items_are(
    params: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert told({"type": "flow.map", "params": {"agent": "check.search", **params}}) == [
        (f"/params{pointer}", code) for pointer, code in expected
    ]


def test_the_input_of_a_part_is_judged_by_what_it_is_given() -> None:
    params = {"agent": "check.table", "items": {"$expr": "pages"}, "input": {"rows": {"$expr": "item.title"}}}
    assert told({"type": "flow.map", "params": params}) == [("/params/input/rows", "incompatible_input")]
    params["input"] = {"rows": {"$expr": "[item]"}, "caption": {"$expr": "title"}}
    assert told({"type": "flow.map", "params": params}) == []


def test_rounds_see_the_nodes_input_and_anything_that_an_output_may_hold() -> None:
    params = {"agent": "check.search", "params": {"query": {"$expr": "n"}}, "until": "total", "max_times": 2}
    assert told({"type": "flow.repeat", "params": params}) == []
    params["params"] = {"query": {"$expr": "index"}}
    assert told({"type": "flow.repeat", "params": params}) == [("/params/params/query", "invalid_params")]


def test_an_edge_from_the_runs_input_is_judged_by_its_schema() -> None:
    assert found({"type": "check.table"}, {"from": "$input", "map": {"rows": "urls"}}) == []
    assert found({"type": "check.table"}, {"from": "$input", "map": {"rows": "n"}}) == [
        ("/edges/0/map/rows", "incompatible_input")
    ]
    assert found({"type": "check.table"}, {"from": "$input", "map": {"rows": "rows"}}) == [
        ("/edges/0/map/rows", "impossible_expression")
    ]


@pytest.mark.parametrize(
    ("input", "expected"),
    [
        ({"$input": "@"}, []),
        ({"$input": "n"}, [("/input", "incompatible_input")]),
        ({"$expr": "pages[0]"}, []),
        ({"$expr": "pages"}, [("/input", "incompatible_input")]),
        ({"$template": "{{ title }}"}, [("/input", "incompatible_input")]),
    ],
)
def test_a_reference_in_the_place_of_the_input_gives_an_object(
    input: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert (
        told(
            {"type": "check.loose", "input": input},
            {"map": {"title": "pages[0].title", "n": "total", "pages": "pages"}},
        )
        == expected
    )
