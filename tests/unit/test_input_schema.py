"""The `input_schema` of a graph: what fits it, which defaults are filled in, and what is said of one that is no use."""

from typing import Any

import checked_agents
import pytest

from wand_orchestrator.errors import InputFaults
from wand_orchestrator.plugins import Registry
from wand_orchestrator.validation import check_graph
from wand_orchestrator.validation.input_schema import admitted

AGENTS = Registry.of(checked_agents).agents

ORDER = {
    "type": "object",
    "properties": {
        "url": {"type": "string", "pattern": "^https?://"},
        "limit": {"type": "integer", "minimum": 1, "default": 10},
        "page": {"$ref": "#/$defs/page", "default": {}},
        "more": {"type": "array", "items": {"$ref": "#/$defs/page"}},
    },
    "required": ["url"],
    "additionalProperties": False,
    "$defs": {"page": {"type": "object", "properties": {"size": {"default": "a4"}, "both": {"type": "boolean"}}}},
}


A4 = {"size": "a4"}
A_AND_B = {"a": 1, "b": 2}


def refused(schema: Any, value: Any) -> list[tuple[str, str]]:
    with pytest.raises(InputFaults) as error:
        admitted(schema, value)
    return [(fault.pointer, fault.message) for fault in error.value.faults]


@pytest.mark.parametrize(
    ("schema", "given", "known"),
    [
        (None, None, None),
        (ORDER, {"url": "http://x"}, {"url": "http://x", "limit": 10, "page": {"size": "a4"}}),
        (
            ORDER,
            {"url": "http://x", "limit": 1, "page": {"both": True}, "more": [{}, {"size": "a5"}]},
            {
                "url": "http://x",
                "limit": 1,
                "page": {"both": True, "size": "a4"},
                "more": [A4, {"size": "a5"}],
            },
        ),
        ({"type": "object", "properties": {"n": {"default": 1}}}, None, {"n": 1}),
        ({"type": ["object", "null"], "properties": {"n": {"default": 1}}}, None, None),
        ({"default": {"n": 1}}, None, {"n": 1}),
        ({"type": "array", "items": {"properties": {"n": {"default": 1}}}}, [{}, {"n": 2}], [{"n": 1}, {"n": 2}]),
        (
            {"allOf": [{"properties": {"a": {"default": 1}}}, {"properties": {"b": {"default": 2}}}]},
            {},
            {"a": 1, "b": 2},
        ),
        ({"anyOf": [{"properties": {"a": {"default": 1}}}]}, {}, {}),
        ({"properties": {"a": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"default": 3}}}, {}, {"a": 3}),
        ({"properties": {"a": {"default": None}}}, {}, {"a": None}),
    ],
)
def test_defaults_are_filled_in(schema: Any, given: Any, known: Any) -> None:
    assert admitted(schema, given) == known
    assert admitted(schema, known) is known


def test_what_was_given_is_not_changed() -> None:
    given: dict[str, Any] = {"url": "http://x", "page": {}}
    admitted(ORDER, given)
    assert given == {"url": "http://x", "page": {}}


def test_an_input_that_does_not_fit_is_told_with_all_reasons_and_where() -> None:
    value = {"url": "ftp://x", "limit": 0, "limits": 1, "more": [{}, 5]}
    assert sorted(refused(ORDER, value)) == [
        ("/limit", "`limit` must be at least 1, and is the number 0"),
        ("/limits", "there is no 'limits' here: it takes `url`, `limit`, `page` and `more`"),
        ("/more/1", "`more[1]` must be an object, and is the number 5"),
        ("/url", "`url` must match the pattern `^https?://`, and is the text 'ftp://x'"),
    ]
    assert refused(ORDER, None) == [("", "the input needs `url`")]


def test_an_input_that_looks_like_a_reference_is_checked_like_any_other() -> None:
    assert [pointer for pointer, _ in refused(ORDER, {"url": {"$input": "x"}})] == ["/url"]
    assert {pointer for pointer, _ in refused(ORDER, {"$input": "x"})} == {"/$input", ""}


def test_a_check_that_takes_too_long_refuses_the_input() -> None:
    schema = {"items": {"items": {"type": "integer"}}}
    [(pointer, message)] = refused(schema, [[1] * 1000] * 1000)
    assert pointer == ""
    assert "takes more than" in message


def faults(schema: Any, *nodes: Any) -> list[tuple[str, str]]:
    document = {"name": "g", "nodes": nodes or [{"id": "a", "type": "check.nothing"}], "input_schema": schema}
    return [(fault.pointer, fault.code) for fault in check_graph(document, AGENTS, max_nodes=9, max_edges=9).faults]


@pytest.mark.parametrize(
    ("schema", "pointers"),
    [
        (ORDER, []),
        ({"properties": {"default": {"type": "string"}}}, []),
        ({"type": "txt"}, [""]),
        ({"$ref": "http://example.com/schema"}, [""]),
        ({"properties": {"a": {"pattern": "(?=x)"}}}, [""]),
        ({"properties": {"a": {"type": "integer", "default": "x"}}}, ["/properties/a/default"]),
        ({"$defs": {"n": {"type": "object", "required": ["m"], "default": {}}}}, ["/$defs/n/default"]),
        ({"properties": {"a": {"$ref": "#", "default": {}}}}, [""]),
    ],
)
def test_a_schema_that_is_no_use_is_found_when_the_graph_is_posted(schema: Any, pointers: list[str]) -> None:
    assert faults(schema) == [(f"/input_schema{pointer}", "input_schema") for pointer in pointers]


def test_a_schema_is_an_object() -> None:
    assert faults("text") == [("/input_schema", "wrong_type")]


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("url", None),
        ("page.size", None),
        ("page.sizes", "impossible_expression"),
        ("link", "impossible_expression"),
        ("url.host", "impossible_expression"),
        ("sum(url)", "function_arguments"),
        ("abs(limit)", None),
    ],
)
def test_references_to_the_runs_input_are_judged_by_its_schema(expression: str, code: str | None) -> None:
    node = {"id": "a", "type": "check.loose", "input": {"x": {"$input": expression}}}
    assert faults(ORDER, node) == ([("/nodes/0/input/x/$input", code)] if code else [])
