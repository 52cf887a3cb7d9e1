"""Params: against the schema of an agent and the models of control nodes, with what only the run's input gives."""

from typing import Any

import checked_agents
import pytest

from wand_orchestrator.plugins import Registry
from wand_orchestrator.validation import Fault, check_graph

AGENTS = Registry.of(checked_agents).agents


def faults(type: str, params: Any, **node: Any) -> list[tuple[str, str]]:
    return [(fault.pointer.removeprefix("/nodes/0/params"), fault.code) for fault in found(type, params, **node)]


def found(type: str, params: Any, **node: Any) -> tuple[Fault, ...]:
    nodes = [{"id": "a", "type": type, "params": params, **node}]
    return check_graph({"name": "g", "nodes": nodes}, AGENTS, max_nodes=9, max_edges=9).faults


REFERENCE = {"$input": "some.thing"}


def test_what_the_run_input_gives_fits_anything() -> None:
    assert faults("check.search", {"query": REFERENCE, "limit": REFERENCE}) == []
    assert faults("check.search", REFERENCE) == []


def test_what_does_not_depend_on_the_run_input_is_judged_beside_it() -> None:
    assert faults("check.search", {"limit": REFERENCE, "odd": REFERENCE}) == [
        ("/odd", "unknown_param"),
        ("", "invalid_params"),
    ]


def builtin_faults(type: str, params: Any) -> list[tuple[str, str]]:
    from wand_orchestrator.activities import builtin

    document = {"name": "g", "nodes": [{"id": "a", "type": type, "params": params}]}
    checked = check_graph(document, Registry.of(builtin).agents, max_nodes=9, max_edges=9)
    return [(fault.pointer.removeprefix("/nodes/0/params"), fault.code) for fault in checked.faults]


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("[[[", "expression_syntax"),
        ("(" * 5000, "expression_syntax"),
        ("lenght(@)", "unknown_function"),
        ("length()", "function_arguments"),
    ],
)
def test_an_expression_in_params_is_read_before_anything_starts(expression: str, code: str) -> None:
    assert builtin_faults("agent.transform", {"expression": expression}) == [("/expression", code)]
    assert builtin_faults("agent.transform", {"expression": "length(@)"}) == []


@pytest.mark.parametrize("url", ["ftp://example.com", "example.com", "file:///etc/passwd", "https://"])
def test_a_url_that_is_not_fetched_is_a_fault(url: str) -> None:
    assert builtin_faults("agent.fetch", {"url": url}) == [("/url", "invalid_params")]
    assert builtin_faults("agent.fetch", {"url": "HTTPS://example.com"}) == []


@pytest.mark.parametrize(
    ("spec", "fits"),
    [
        ({"kind": "line", "width": REFERENCE}, True),
        ({"kind": REFERENCE}, True),
        (REFERENCE, True),
        ({"kind": "line", "width": 5}, False),
        ({"kind": "lime", "width": REFERENCE}, False),
    ],
)
def test_a_choice_of_forms_is_ruled_out_only_when_each_is(spec: Any, fits: bool) -> None:
    from wand_orchestrator.activities import builtin

    nodes = [
        {"id": "a", "type": "agent.analyze"},
        {"id": "c", "type": "agent.chart", "params": {"spec": spec}},
    ]
    edges = [{"from": "a", "to": "c", "map": {"series": "insights"}}]
    agents = Registry.of(builtin).agents
    checked = check_graph({"name": "g", "nodes": nodes, "edges": edges}, agents, max_nodes=9, max_edges=9)
    assert (checked.faults == ()) is fits


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("a.", "expression_syntax"),
        ("", "expression_syntax"),
        ("nope(a)", "unknown_function"),
        ("sum()", "function_arguments"),
    ],
)
def test_expressions_over_the_run_input_are_read(expression: str, code: str) -> None:
    assert faults("check.search", {"query": {"$input": expression}}) == [("/query/$input", code)]
    inner = {"agent": "check.search", "params": {"query": {"$input": expression}}, "until": "total", "max_times": 1}
    assert faults("flow.repeat", inner) == [("/params/query/$input", code)]


@pytest.mark.parametrize(
    ("type", "params", "expected"),
    [
        ("flow.wait", {"seconds": 1}, []),
        ("flow.wait", {"until": "2030-01-01T00:00:00Z"}, []),
        ("flow.wait", {"seconds": REFERENCE}, []),
        ("flow.wait", {}, [("", "bad_value")]),
        ("flow.wait", {"seconds": 1, "until": "2030-01-01T00:00:00Z"}, [("", "bad_value")]),
        ("flow.wait", {"until": "2030-01-01T00:00:00"}, [("", "bad_value")]),
        ("flow.wait", {"seconds": 0}, [("/seconds", "out_of_range")]),
        ("flow.wait", {"seconds": 10**400}, [("/seconds", "bad_value")]),
        ("flow.wait", {"second": 5}, [("/second", "unknown_key")]),
        ("flow.graph", {"graph": "other"}, []),
        ("flow.graph", {"graph": REFERENCE}, [("/graph", "wrong_type")]),
        ("flow.graph", {"graph": REFERENCE, "graphs": ["a", "b"]}, []),
        ("flow.graph", {"graph": "a", "graphs": ["a", "b"]}, [("/graphs", "bad_value")]),
        ("flow.graph", {"graph": REFERENCE, "graphs": []}, [("/graph", "wrong_type")]),
        (
            "flow.repeat",
            {"agent": REFERENCE, "agents": ["check.serch", "check.loose"], "until": "a", "max_times": 2},
            [("/agents/0", "unknown_agent")],
        ),
        (
            "flow.repeat",
            {"agent": REFERENCE, "agents": ["check.search"], "params": {"query": 5}, "until": "a", "max_times": 2},
            [("/params/query", "invalid_params")],
        ),
        (
            "flow.repeat",
            {"agent": "check.table", "state": {"rows": [], "n": REFERENCE}, "until": "n", "max_times": 2},
            [],
        ),
        ("flow.repeat", {"agent": "check.loose", "state": 1, "until": "a", "max_times": 2}, [("/state", "wrong_type")]),
        ("flow.graph", {}, [("", "missing_key")]),
        ("flow.approval", {}, []),
        ("flow.approval", {"schema": {"type": "string"}, "on_timeout": {"answer": "yes"}}, []),
        (
            "flow.approval",
            {"schema": {"type": "string"}, "on_timeout": {"answer": 5}},
            [("/on_timeout/answer", "answer_schema")],
        ),
        ("flow.approval", {"schema": {"pattern": "("}}, [("/schema", "answer_schema")]),
        ("flow.approval", {"schema": {"$ref": "#"}}, [("/schema", "answer_schema")]),
        ("flow.approval", {"schema": {"items": {"$ref": "#/nowhere"}}}, [("/schema", "answer_schema")]),
        ("flow.approval", {"schema": {"items": {"$ref": "http://127.0.0.1:9/x"}}}, [("/schema", "answer_schema")]),
        ("flow.event", {"name": "go", "count": 2, "on_timeout": {"answer": [1]}}, []),
        ("flow.event", {"name": "a b", "count": 0}, [("/count", "out_of_range"), ("/name", "bad_id")]),
        ("flow.event", {"name": "go", "schema": {"pattern": "("}}, [("/schema", "answer_schema")]),
        (
            "flow.event",
            {"name": "go", "count": 2, "on_timeout": {"answer": 1}},
            [("/on_timeout/answer", "answer_schema")],
        ),
        (
            "flow.event",
            {"name": "go", "count": 2, "schema": {"type": "string"}, "on_timeout": {"answer": ["a", 1]}},
            [("/on_timeout/answer/1", "answer_schema")],
        ),
        ("flow.fail", {"code": "E.1", "message": REFERENCE, "details": {"a": REFERENCE}}, []),
        ("flow.fail", {"code": "a b"}, [("/code", "bad_id")]),
        ("flow.fail", {"message": "x"}, [("", "missing_key")]),
        ("flow.fail", {"code": "worker_lost"}, [("", "bad_value")]),
        ("flow.approval", {"on_timeout": "never"}, [("/on_timeout", "unknown_choice")]),
        (
            "flow.approval",
            {"on_timeout": {"answr": 1}},
            [("/on_timeout", "missing_key"), ("/on_timeout/answr", "unknown_key")],
        ),
        ("flow.repeat", {"agent": "check.search", "params": {"query": "q"}, "until": "total", "max_times": 2}, []),
        (
            "flow.repeat",
            {"agent": "check.search", "params": {"query": 5}, "until": "totals", "max_times": 0},
            [
                ("/max_times", "out_of_range"),
                ("/params/query", "invalid_params"),
                ("/until", "impossible_expression"),
            ],
        ),
        ("flow.repeat", {"graph": "other", "until": "anything.at[0].all", "max_times": 2}, []),
        ("flow.repeat", {"agent": "check.serch", "until": "a", "max_times": 2}, [("/agent", "unknown_agent")]),
        ("flow.repeat", {"agent": "check.loose", "graph": "g", "until": "a", "max_times": 2}, [("", "bad_value")]),
    ],
)
def test_params_of_control_nodes(type: str, params: Any, expected: list[tuple[str, str]]) -> None:
    assert sorted(faults(type, params)) == sorted(expected)


def test_an_agent_that_another_queue_runs_for_a_map_need_not_be_known() -> None:
    params = {"agent": "java.index", "params": {"any": "thing"}}
    assert faults("flow.map", params, queue="java") == [("/nodes/0", "missing_input")]
    assert ("/agent", "unknown_agent") in faults("flow.map", params)


def test_a_share_that_is_neither_kind_of_number_is_told_in_one_sentence() -> None:
    sentence = next(fault.message for fault in found("flow.map", {"agent": "check.loose", "tolerate": "x"}))
    assert sentence == "`tolerate` must be a whole number or a number, and is the text 'x'"


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({}, "`params` of 'check.search' needs `query`"),
        ({"query": 5}, "`query` must be text, and is the number 5"),
        ({"query": "q", "limit": 500}, "`limit` must be at most 100, and is the number 500"),
        ({"query": "q", "order": 5}, "`order` must be text or null, and is the number 5"),
        ({"query": "q", "limits": 5}, "'check.search' has no param 'limits'; did you mean `limit`?"),
    ],
)
def test_sentences_about_params(params: Any, sentence: str) -> None:
    assert [fault.message for fault in found("check.search", params)] == [sentence]
