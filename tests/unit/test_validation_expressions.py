"""Expressions against the schema of what they select from: certain failures are faults, all else is let pass."""

from typing import Any

import checked_agents
import pytest

from wand_orchestrator.activities import builtin
from wand_orchestrator.plugins import Registry
from wand_orchestrator.validation import check_graph

AGENTS = Registry.of(checked_agents).agents


def codes(expression: str, *, key: str = "x", target: str = "check.loose", source: str = "check.search") -> list[str]:
    """The codes of the faults when an edge carries the expression."""
    params = {"query": "q"} if source == "check.search" else {}
    given = {"rows": "pages"} if target == "check.table" and key != "rows" else {}
    document = {
        "name": "g",
        "nodes": [{"id": "a", "type": source, "params": params}, {"id": "b", "type": target}],
        "edges": [{"from": "a", "to": "b", "map": {key: expression, **given}}],
    }
    return [fault.code for fault in check_graph(document, AGENTS, max_nodes=2, max_edges=1).faults]


@pytest.mark.parametrize(
    "expression",
    [
        "@",
        "total",
        "pages[0].title",
        "pages[*].words",
        "pages[].title",
        "pages[?words > `5`].title | [0]",
        "pages[::2].words",
        "sort_by(pages, &words)[-1]",
        "map(&title, pages)",
        "max_by(pages, &words).title",
        "{count: total, titles: pages[*].title}",
        "[total, note]",
        "length(note || '')",
        "extra.any.thing[0].at.all",
        "extra.*.deep",
        "note && length(note)",
        "missing || total",
        "not_null(missing, total)",
        "!missing",
        "missing == `null`",
        "sum(pages[].words)",
        "merge(extra, @)",
        "to_number(note)",
        "`5`",
        "join(', ', pages[].title)",
    ],
)
def test_what_the_schema_allows_is_no_fault(expression: str) -> None:
    assert codes(expression) == []


@pytest.mark.parametrize(
    "expression",
    [
        "page",
        "pages.title",
        "pages[0].titel",
        "pages[*].titel",
        "pages[].titel",
        "pages[?size > `5`]",
        "pages[?words > `5`].titel",
        "total.value",
        "total[0]",
        "total[1:]",
        "note[].x",
        "total.*",
        "sort_by(pages, &size)",
        "map(&titel, pages)",
        "{titles: page}",
        "[page]",
        "page == `5`",
        "page && total",
        "missing || lost",
        "not_null(missing, lost)",
        "@ | page",
        "note.text",
    ],
)
def test_what_the_schema_rules_out_is_a_fault(expression: str) -> None:
    assert codes(expression) == ["impossible_expression"]


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("lenght(pages)", "unknown_function"),
        ("pages[?lenght(title) > `5`]", "unknown_function"),
        ("length(pages, note)", "function_arguments"),
        ("merge()", "function_arguments"),
        ("not_null()", "function_arguments"),
        ("sort_by(pages, words)", "function_arguments"),
        ("length(&pages)", "function_arguments"),
        ("merge(extra, &extra)", "function_arguments"),
        ("length(total)", "function_arguments"),
        ("avg(note)", "function_arguments"),
        ("join(total, pages)", "function_arguments"),
        ("keys(pages)", "function_arguments"),
        ("&total", "expression_syntax"),
        ("[&total]", "expression_syntax"),
        ("pages[::0]", "expression_syntax"),
        ("", "expression_syntax"),
        ("  ", "expression_syntax"),
        ("pages[", "expression_syntax"),
        ("total > 5", "expression_syntax"),
        ("'open", "expression_syntax"),
        ("a" * 10_001, "expression_syntax"),
        ("(" * 5000, "expression_syntax"),
        ("!" * 5000 + "total", "expression_syntax"),
        (" | ".join(["@"] * 500), "expression_syntax"),
        ("[" * 5000 + "]" * 5000, "expression_syntax"),
        ("`" + "[" * 4000 + "]" * 4000 + "`", "expression_syntax"),
        ("`" + "[" * 100 + "]" * 100 + "`", "expression_syntax"),
    ],
)
def test_what_cannot_be_evaluated_is_a_fault(expression: str, code: str) -> None:
    assert codes(expression) == [code]
    assert codes(expression, source="check.loose") == [code] or code == "function_arguments"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("format_time(note, '%Q')", "argument 2 of format_time() is '%Q': the format has a part that is not known"),
        ("format_time(note, '%Y', 'Paris')", "argument 3 of format_time() is 'Paris': an offset is written as +02:00"),
        ("parse_time(note, '%d.%d')", "argument 2 of parse_time() is '%d.%d': the format has a part twice"),
        ("parse_time(note, '%A')", "the format has a part that is not known"),
        ("is_before(note, '31.01.2026')", "argument 2 of is_before() is '31.01.2026': a time is written as"),
        ("to_time('2026-02-30')", "argument 1 of to_time() is '2026-02-30'"),
        ("regex_match(note, '(')", "argument 2 of regex_match() is no regular expression"),
    ],
)
def test_a_text_in_an_expression_that_can_never_be_that_argument_is_a_fault(expression: str, reason: str) -> None:
    document = {"name": "g", "nodes": [{"id": "a", "type": "agent.transform", "params": {"expression": expression}}]}
    [fault] = check_graph(document, Registry.of(builtin).agents, max_nodes=2, max_edges=1).faults
    assert (fault.pointer, fault.code) == ("/nodes/0/params/expression", "function_arguments")
    assert reason in fault.message


@pytest.mark.parametrize(
    "expression",
    ["format_time(note, '%d.%m.%Y')", "parse_time(note, '%d %b %z')", "to_time('2026-02-28')", "to_time(`0`)"],
)
def test_a_text_in_an_expression_that_may_be_that_argument_is_none(expression: str) -> None:
    assert codes(expression) == []


@pytest.mark.parametrize("expression", ["any.thing", "a[0].b", "length(a)", "a.*.b | [0]"])
def test_an_output_of_which_nothing_is_known_rules_nothing_out(expression: str) -> None:
    assert codes(expression, source="check.loose") == []


def test_what_is_selected_of_nothing_is_null_and_no_fault() -> None:
    assert codes("any.thing[0]", source="check.nothing") == []
    assert codes("any", source="check.nothing", target="check.table", key="rows") == ["incompatible_input"]


@pytest.mark.parametrize(
    ("key", "expression", "fits"),
    [
        ("rows", "pages", True),
        ("rows", "pages[].title", True),
        ("rows", "extra.rows", True),
        ("rows", "total", False),
        ("rows", "note", False),
        ("rows", "{a: total}", False),
        ("rows", "@", False),
        ("rows", "total > `5`", False),
        ("caption", "note", True),
        ("caption", "to_string(total)", True),
        ("caption", "total", False),
        ("caption", "pages", False),
        ("width", "total", True),
        ("width", "note", True),
        ("width", "`null`", True),
        ("width", "total > `5`", True),
        ("width", "pages", False),
        ("width", "extra", True),  # the key may be absent
    ],
)
def test_an_input_gets_what_it_can_take(key: str, expression: str, fits: bool) -> None:
    assert codes(expression, target="check.table", key=key) == ([] if fits else ["incompatible_input"])


def test_a_condition_is_judged_like_a_value() -> None:
    nodes: list[dict[str, Any]] = [
        {"id": "a", "type": "check.search", "params": {"query": "q"}},
        {"id": "b", "type": "check.nothing"},
    ]
    edges = [{"from": "a", "to": "b", "when": when} for when in ("total > `5`", "totals > `5`", "total >")]
    faults = check_graph({"name": "g", "nodes": nodes, "edges": edges}, AGENTS, max_nodes=2, max_edges=3).faults
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("/edges/1/when", "impossible_expression"),
        ("/edges/2/when", "expression_syntax"),
    ]


def test_naming_the_same_thing_again_and_again_costs_no_more_than_its_length() -> None:
    assert codes(" | ".join(["(@ || @)"] * 30)) == []


@pytest.mark.parametrize("optional", [True, False])
def test_the_output_of_a_node_that_may_fail_may_be_null(optional: bool) -> None:
    nodes = [
        {"id": "a", "type": "check.search", "params": {"query": "q"}, "optional": optional},
        {"id": "b", "type": "check.table"},
    ]
    edges = [{"from": "a", "to": "b", "map": {"rows": "pages", "width": "pages"}}]
    document = {"name": "g", "nodes": nodes, "edges": edges}
    faults = check_graph(document, AGENTS, max_nodes=2, max_edges=1).faults
    assert [fault.code for fault in faults] == ([] if optional else ["incompatible_input"])


def test_the_outputs_of_control_nodes_are_known() -> None:
    nodes = [
        {"id": "s", "type": "check.search", "params": {"query": "q"}},
        {"id": "m", "type": "flow.map", "params": {"agent": "check.loose"}},
        {"id": "w", "type": "flow.wait", "params": {"seconds": 1}},
        {"id": "r", "type": "flow.repeat", "params": {"agent": "check.table", "until": "a", "max_times": 2}},
        {"id": "z", "type": "check.loose"},
    ]
    edges = [
        {"from": "s", "to": "m", "map": {"items": "pages"}},
        {"from": "m", "to": "r", "map": {"rows": "outputs[].any", "row": "failed[0]"}},
        {"from": "m", "to": "w", "map": {"seconds": "outputs"}},
        {"from": "w", "to": "z", "map": {"a": "until", "b": "since"}},
        {"from": "r", "to": "z", "map": {"c": "output.any", "d": "rounds"}},
    ]
    faults = check_graph({"name": "g", "nodes": nodes, "edges": edges}, AGENTS, max_nodes=9, max_edges=9).faults
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("/edges/1/map/row", "unknown_input"),
        ("/edges/2/map/seconds", "unknown_input"),
        ("/edges/3/map/b", "impossible_expression"),
        ("/edges/4/map/d", "impossible_expression"),
    ]
