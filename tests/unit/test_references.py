"""References in params and input: what each gives, what it sees, and what becomes of the keys that only they use."""

from typing import Any

import pytest

from tests.cpu_time import cpu_loops
from wand_orchestrator._agent import agent
from wand_orchestrator.graph import Graph, Node
from wand_orchestrator.graphs.evaluation_budget import MAX_STEPS, Budget
from wand_orchestrator.graphs.expressions import ExpressionError
from wand_orchestrator.graphs.node_values import NodeValues, node_values
from wand_orchestrator.graphs.prepared import prepared
from wand_orchestrator.graphs.references import Scope, resolve
from wand_orchestrator.graphs.templates import rendered, template_parts

RUN_INPUT = {"urls": ["a", "b"], "user": {"name": "Ada", "age": 36}}
OWN = {"link": "http://x", "rows": [1, 2], "none": None}


def given(value: Any) -> Any:
    return resolve(value, Scope(RUN_INPUT, OWN))


def values(carried: dict[str, Any], **node: Any) -> NodeValues:
    document = {"id": "a", "type": "agent.test", **node}
    return node_values(Node.model_validate(document), carried, Scope(RUN_INPUT), Budget())


@pytest.mark.parametrize(
    ("written", "gives"),
    [
        ({"$input": "user.name"}, "Ada"),
        ({"$expr": "rows[1]"}, 2),
        ({"$expr": "@"}, OWN),
        ({"$expr": "nothing"}, None),
        ({"$template": "{{ link }}/{{ rows }}"}, "http://x/[1,2]"),
        ({"$literal": {"$expr": "rows"}}, {"$expr": "rows"}),
        ([{"a": {"$expr": "link"}}, "b"], [{"a": "http://x"}, "b"]),
        ({"$expr": 5}, {"$expr": 5}),
        ({"$expr": "link", "more": 1}, {"$expr": "link", "more": 1}),
        ({"$gt": "link"}, {"$gt": "link"}),
    ],
)
def test_a_reference_is_an_object_with_one_key_of_four(written: Any, gives: Any) -> None:
    assert given(written) == gives


def test_what_a_reference_gives_is_a_value_and_no_reference() -> None:
    data = {"$expr": "secret"}
    assert resolve({"$input": "@"}, Scope(data, {"secret": 1})) == data
    assert resolve({"a": {"$expr": "given"}}, Scope(None, {"given": data})) == {"a": data}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", ""),
        ("plain } text { }}", "plain } text { }}"),
        ("Dear {{name}},", "Dear Ada,"),
        ("{{ name }}{{ name }}", "AdaAda"),
        ("{{ gone }}|{{ yes }}|{{ n }}|{{ text }}", "|true|1.5|ü"),
        ("{{ {a: name, b: {c: n}} }}", '{"a":"Ada","b":{"c":1.5}}'),
        ("{{ '}}' }}{{ '{{' }}", "}}{{"),
        ('{{ "a }} b" }}{{ `{"x": "}}"}` }}', '{"x":"}}"}'),
        ("{{ '\\'}}' }}", "'}}"),
    ],
)
def test_a_template_is_text_with_expressions(template: str, text: str) -> None:
    value = {"name": "Ada", "n": 1.5, "yes": True, "text": "ü"}
    assert rendered(template, value, Budget()) == text


@pytest.mark.parametrize("template", ["{{", "a {{ name", "{{ {a: name} }", "{{ 'a }}", "{{ }}", "{{ name. }}"])
def test_a_template_that_cannot_be_read_says_so(template: str) -> None:
    with pytest.raises(ExpressionError):
        rendered(template, {"name": "Ada"}, Budget())


@pytest.mark.parametrize(
    "template",
    ["{{ @ }}" * 100_000, "{{ a }}" * 20, "{{ [@, @, @, @, @, @, @] }}" * 20_000],
    ids=["many places", "much text", "many lists"],
)
def test_a_template_is_bounded(template: str) -> None:
    with pytest.raises(ExpressionError) as error:
        rendered(template, {"a": "x" * 1_000_000}, Budget())
    assert error.value.code == "expression_too_large"


@pytest.mark.parametrize(
    ("template", "places"),
    [("{{ " + '\\"' * 20_000 + " }}", 1), ("{{ \\' }}" * 20_000, 20_000)],
    ids=["one place", "many places"],
)
def test_a_template_is_read_in_time_in_proportion_to_its_length(template: str, places: int) -> None:
    """Quotes that nothing closes end nowhere, and stand for themselves."""

    def read() -> None:
        assert len(list(template_parts(template))) == places

    assert cpu_loops(read) < 50


def test_params_see_the_run_and_all_of_the_nodes_own_input() -> None:
    found = values(
        {"link": "/p"},
        input={"base": {"$input": "user.name"}, "all": {"$template": "{{ base }}{{ link }}"}},
        params={"url": {"$expr": "all"}, "age": {"$input": "user.age"}},
    )
    assert found.params == {"url": "Ada/p", "age": 36}
    assert found.input == {"link": "/p", "base": "Ada", "all": "Ada/p"}


def test_input_sees_what_edges_carry_and_its_keys_that_look_at_nothing() -> None:
    found = values({"a": 1}, input={"b": 2, "c": {"$expr": "[a, b, d]"}, "d": {"$expr": "a"}})
    assert found.input == {"a": 1, "b": 2, "c": [1, 2, None], "d": 1}


def test_input_as_a_whole_may_be_a_reference_that_gives_an_object() -> None:
    assert values({"a": 1}, input={"$input": "user"}).input == {"a": 1, "name": "Ada", "age": 36}
    for whole in ({"$input": "urls"}, {"$input": "gone"}, {"$template": "text"}, {"$expr": "{a: `2`}"}):
        with pytest.raises(ExpressionError) as error:
            values({"a": 1}, input=whole)
        assert error.value.code == "invalid_input"


def test_a_key_that_an_edge_maps_cannot_come_from_the_input_too() -> None:
    with pytest.raises(ExpressionError, match="input: 'a' is there already"):
        values({"a": 1}, input={"a": 2})


def test_all_references_of_a_node_are_one_evaluation() -> None:
    wide = {"$expr": "rows[*].[@, @, @]"}
    rows = {"rows": list(range(MAX_STEPS // 16))}
    values(rows, params={"a": wide})
    with pytest.raises(ExpressionError) as error:
        values(rows, params={"a": wide}, input={"b": wide})
    assert error.value.code == "expression_too_large"


def test_what_parts_are_given_stays_as_it_is_written() -> None:
    params = {
        "agent": "agent.test",
        "concurrency": {"$input": "user.age"},
        "params": {"url": {"$expr": "item"}, "age": {"$input": "user.age"}},
    }
    assert values({"items": []}, type="flow.map", params=params).params == {**params, "concurrency": 36}
    same_for_all = {"agent": "agent.test", "params": {"age": {"$input": "user.age"}}}
    assert values({}, type="flow.map", params=same_for_all).params["params"] == {"age": 36}


@agent("agent.test")
async def closed(input: dict[str, Any]) -> None:
    """Takes any input."""


@agent("agent.none")
async def none() -> None:
    """Takes no input."""


AGENTS = {"agent.test": closed, "agent.none": none}
CHOOSES = {"type": "flow.repeat", "params": {"agent": {"$expr": "which"}, "agents": ["agent.test", "agent.none"]}}


@pytest.mark.parametrize(
    ("node", "takes"),
    [
        ({"type": "agent.none", "params": {"url": {"$expr": "link"}}}, ()),
        ({"type": "agent.none", "input": {"url": {"$template": "{{ link }}"}}}, ()),
        ({"type": "agent.none", "params": {"url": {"$input": "link"}}}, None),
        ({"type": "agent.test", "params": {"url": {"$expr": "link"}}}, None),
        ({"type": "agent.unknown", "queue": "q", "params": {"url": {"$expr": "link"}}}, None),
        ({"type": "agent.unknown", "takes": ["a"], "params": {"url": {"$expr": "link"}}}, ("a",)),
        ({"type": "flow.map", "params": {"agent": "agent.none", "params": {"url": {"$expr": "item"}}}}, ()),
        ({"type": "flow.graph", "params": {"graph": "g"}, "input": {"a": {"$expr": "b"}}}, None),
        (CHOOSES, {"agent.none": ()}),
        ({**CHOOSES, "takes": {"agent.test": ["a"]}}, {"agent.test": ("a",)}),
    ],
)
def test_who_starts_a_run_says_which_keys_the_agent_takes(node: dict[str, Any], takes: Any) -> None:
    graph = Graph.model_validate({"name": "g", "nodes": [{"id": "a", **node}]})
    assert prepared(graph, AGENTS).nodes[0].takes == takes


def test_keys_that_only_references_use_are_not_handed_to_the_agent() -> None:
    params = {"url": {"$expr": "link"}}
    assert values({"link": "x"}, takes=[], params=params) == NodeValues({"url": "x"}, {})
    assert values({"link": "x"}, params=params) == NodeValues({"url": "x"}, {"link": "x"})
    assert values({"items": [], "link": "x"}, type="flow.map", takes=[]).input == {"items": [], "link": "x"}
