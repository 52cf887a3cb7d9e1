"""What holds of every document: it is answered, and what passes goes on passing."""

import json
from typing import Any

import checked_agents
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wand_orchestrator.graphs.expressions import ExpressionError, evaluate
from wand_orchestrator.plugins import Registry
from wand_orchestrator.validation import Checked, check_graph
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.expression_faults import ExpressionProblem, Expressions
from wand_orchestrator.validation.inference import Impossible, infer
from wand_orchestrator.validation.schema_view import View, type_of
from wand_orchestrator.validation.suggestions import Near

# jmespath warns of an old way to write literals, which users may still do.
pytestmark = pytest.mark.filterwarnings("ignore:deprecated string literal:PendingDeprecationWarning")

AGENTS = Registry.of(checked_agents).agents
CODES = {code.value for code in Code}


def check(document: Any) -> Checked:
    return check_graph(document, AGENTS, max_nodes=50, max_edges=50)


def resolve(document: Any, pointer: str) -> Any:
    """What the pointer leads to; raises KeyError or IndexError if it leads nowhere."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5)
names = st.sampled_from(["a", "b", "c", "a b", "", "check.loose"])
expressions = st.sampled_from(["total", "pages[0].title", "page", "length(x)", "][", "sum()", "@", "a || b"]) | st.text(
    st.sampled_from("abt.[]()|&!*`'\"0:{},@?=<>- \\"), max_size=12
)
templates = st.tuples(expressions, st.sampled_from(["{{", "}}", " text ", ""])).map(lambda t: f"{t[1]}{{{{{t[0]}}}}}")
references = st.one_of(
    st.fixed_dictionaries({"$input": expressions | scalars}, optional={"more": scalars}),
    st.fixed_dictionaries({"$expr": expressions | scalars}),
    st.fixed_dictionaries({"$template": expressions | templates}),
    st.fixed_dictionaries({"$literal": scalars | st.just({"$expr": 5})}),
    st.fixed_dictionaries({"$exprs": expressions}),
)
keys = st.sampled_from(
    ["id", "type", "params", "from", "to", "map", "when", "query", "limit", "agent", "until", "schema", "on_timeout"]
) | st.text(max_size=3)
values = st.recursive(
    scalars | references | expressions,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=8,
)
types = st.sampled_from(
    [*AGENTS, "flow.map", "flow.wait", "flow.repeat", "flow.approval", "flow.graph", "check.serch", ""]
)
params = st.fixed_dictionaries(
    {},
    optional={
        "query": st.text(max_size=3) | references,
        "limit": st.integers(-1, 3) | references,
        "agent": types,
        "seconds": st.integers(-1, 3),
        "until": expressions,
        "max_times": st.integers(0, 3) | references,
        "schema": values,
        "params": values,
        "input": values,
        "items": values,
        "on_timeout": values,
    },
)
nodes = st.fixed_dictionaries(
    {"id": names, "type": types},
    optional={
        "params": params | references | values,
        "input": st.dictionaries(st.sampled_from(["x", "rows", "items"]), values, max_size=2) | references | values,
        "takes": values,
        "optional": st.booleans(),
        "queue": names,
        "timeout_sec": scalars,
    },
)
edges = st.fixed_dictionaries(
    {"from": names, "to": names},
    optional={
        "map": st.dictionaries(st.sampled_from(["x", "rows", "items"]), expressions, max_size=2),
        "when": expressions,
    },
)
schemas = st.recursive(
    st.sampled_from([{"type": "string"}, {"type": "object", "default": {}}, {"$ref": "#"}, {"default": 5}, {}]),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", "txt"]),
            "properties": st.dictionaries(st.sampled_from(["a", "default"]), inner, max_size=2),
            "items": inner,
            "allOf": st.lists(inner, max_size=2),
            "default": scalars,
            "required": st.just(["a"]),
        },
    ),
    max_leaves=5,
)
likely = st.fixed_dictionaries(
    {"name": st.just("g"), "nodes": st.lists(nodes | values, max_size=4)},
    optional={
        "edges": st.lists(edges | values, max_size=5),
        "sinks": st.lists(names, max_size=3),
        "options": values,
        "input_schema": schemas | values,
        "odd~/key": values,
    },
)


@settings(max_examples=400, deadline=None)
@given(likely | values)
def test_every_document_is_answered_and_every_pointer_leads_somewhere(document: Any) -> None:
    checked = check(document)
    assert (checked.graph is None) is bool(checked.faults)
    for fault in (*checked.faults, *checked.warnings):
        resolve(document, fault.pointer)
        assert fault.code in CODES
        assert fault.message.strip()


sound_nodes = st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=5, unique=True)


@st.composite
def sound_graphs(draw: st.DrawFn) -> Any:
    ids = draw(sound_nodes)
    made = [
        {
            "id": id,
            "type": "check.loose",
            "params": draw(st.fixed_dictionaries({}, optional={"name": st.text("xyz") | st.just({"$input": "a.b"})})),
            **draw(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "timeout_sec": st.floats(0.001, 1000) | st.integers(1, 1000),
                        "join": st.sampled_from(["all", "any"]),
                        "retry": st.just({"non_retryable": ["x"]}),
                    },
                )
            ),
        }
        for id in ids
    ]
    pairs = [(ids[i], ids[j]) for j in range(len(ids)) for i in range(j)]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=6)) if pairs else []
    links = [{"from": a, "to": b, "map": {f"k{n}": "x.y"}, "when": "x"} for n, (a, b) in enumerate(chosen)]
    return {"name": "g", "nodes": made, "edges": links, "sinks": draw(st.sampled_from([None, ids[:1]]))}


@given(sound_graphs())
def test_a_graph_without_faults_passes_again_as_it_is_stored(document: Any) -> None:
    first = check(document)
    assert first.faults == ()
    assert first.graph is not None
    for dump in (
        first.graph.model_dump(mode="json", by_alias=True),
        first.graph.model_dump(by_alias=True, exclude_unset=True),
        json.loads(first.graph.model_dump_json(by_alias=True, exclude_defaults=True)),
    ):
        again = check(dump)
        assert again.faults == ()
        assert again.graph == first.graph


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("abc.[]()|&!*`'\"01:{},@?=<>- \\"), max_size=25))
def test_an_expression_is_read_exactly_when_it_can_be_evaluated(expression: str) -> None:
    read = Expressions(Near()).read(expression)
    try:
        evaluate(expression, {"a": {"b": [1, {"c": "x"}]}})
    except ExpressionError:
        return
    assert not isinstance(read, ExpressionProblem) or "&" in expression


SCHEMA = AGENTS["check.search"].output_schema
outputs = st.builds(
    checked_agents.Found,
    total=st.integers(-5, 5),
    pages=st.lists(
        st.builds(checked_agents.Page, title=st.text("ab", max_size=2), words=st.integers(0, 3)), max_size=3
    ),
    note=st.none() | st.text("ab", max_size=2),
    extra=st.dictionaries(st.sampled_from("abc"), st.integers() | st.lists(st.integers(), max_size=2), max_size=2),
)
fields = st.sampled_from(
    ["total", "pages", "note", "extra", "title", "words", "a", "lost", "@", "`5`", "'t'", "`null`"]
)
combined = st.recursive(
    fields,
    lambda inner: st.one_of(
        st.tuples(inner, fields).map(lambda pair: f"{pair[0]} | {pair[1]}"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) || ({pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) && ({pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) == ({pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) < ({pair[1]})"),
        st.tuples(inner, fields).map(lambda pair: f"({pair[0]})[*] | [0] | {pair[1]}"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]})[].[{pair[1]}]"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]})[?{pair[1]}]"),
        st.tuples(inner, inner).map(lambda pair: f"{{x: {pair[0]}, y: {pair[1]}}}"),
        inner.map(lambda one: f"({one})[0]"),
        inner.map(lambda one: f"({one})[1:]"),
        inner.map(lambda one: f"!({one})"),
        inner.map(lambda one: f"({one}).*"),
        st.tuples(st.sampled_from(["length", "keys", "to_array", "type", "max", "reverse", "not_null"]), inner).map(
            lambda pair: f"{pair[0]}({pair[1]})"
        ),
        st.tuples(st.sampled_from(["sort_by", "max_by"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, &{t[2]})"),
    ),
    max_leaves=6,
)


@settings(max_examples=600, deadline=None)
@given(combined, outputs)
def test_whatever_an_expression_gives_was_foreseen(expression: str, output: checked_agents.Found) -> None:
    tree = Expressions(Near()).read(expression)
    assert not isinstance(tree, ExpressionProblem)
    try:
        foreseen = infer(tree, View.of(SCHEMA, SCHEMA))
        selected = evaluate(expression, output.model_dump())
    except (Impossible, ExpressionError):
        return
    assert type_of(selected) in foreseen.types
