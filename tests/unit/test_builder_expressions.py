"""Expressions of the builder, as JMESPath that evaluates to what Python would make of them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as examples_of
from hypothesis import settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from wand_orchestrator import builder
from wand_orchestrator.builder import BuilderError, expr
from wand_orchestrator.builder import functions as f
from wand_orchestrator.builder.expression_tree import (
    Constant,
    Element,
    FunctionCall,
    ListOf,
    Member,
    Negation,
    ObjectOf,
    Operation,
    Root,
    Tree,
    Written,
    jmespath,
)
from wand_orchestrator.builder.value import Value, tree_of
from wand_orchestrator.graphs.expressions import evaluate
from wand_orchestrator.graphs.functions import FUNCTIONS

STUB = Path(builder.__file__).with_name("functions.pyi").read_text()
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
"""What a graph can be stored with."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXT, lambda inner: st.lists(inner), max_leaves=4
)


def value(type: Any = None) -> Any:
    return Value(Root("own"), type)


def text(made: object) -> str:
    return jmespath(tree_of(made))


@settings(max_examples=60, deadline=None)
@examples_of(JSON, TEXT)
def test_constants_and_keys_are_quoted_so_that_they_stay_what_they_are(constant: Any, key: str) -> None:
    assert evaluate(jmespath(Constant(constant)), None) == constant
    assert evaluate(jmespath(Member(Member(Root("own"), key), key)), {key: {key: 1}}) == 1
    assert evaluate(jmespath(ObjectOf({key: Root("own")})), constant) == (None if constant is None else {key: constant})


def trees() -> st.SearchStrategy[Tree]:
    path = st.sampled_from(["a", "b", "c"]).map(lambda key: Member(Root("own"), key))
    leaves = path | st.booleans().map(Constant) | path.map(lambda of: Member(of, "d"))
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(Operation, st.sampled_from(["&&", "||", "==", "!="]), inner, inner)
            | st.builds(Negation, inner)
            | inner.map(lambda one: Element(ListOf((one, one)), 1))
            | inner.map(lambda one: FunctionCall("not_null", (one, Constant(False))))
            | inner.map(lambda one: Written("@ || `false`", one))
        ),
        max_leaves=8,
    )


def obvious(tree: Tree, over: Any) -> Any:
    match tree:
        case Constant(constant):
            return constant
        case Root():
            return over
        case Member(of, key):
            found = obvious(of, over)
            return found.get(key) if isinstance(found, dict) else None
        case Negation(of):
            return not obvious(of, over)
        case Operation("&&", left, right):
            return obvious(left, over) and obvious(right, over)
        case Operation("||", left, right):
            return obvious(left, over) or obvious(right, over)
        case Operation(operator, left, right):
            return (obvious(left, over) == obvious(right, over)) == (operator == "==")
    return obvious_of_calls(tree, over)


def obvious_of_calls(tree: Tree, over: Any) -> Any:
    match tree:
        case Element(ListOf((one, _)), _):
            return obvious(one, over)
        case FunctionCall(_, (one, _)):
            found = obvious(one, over)
            return False if found is None else found
        case Written(_, of):
            return obvious(of, over) or False
    raise AssertionError(tree)


@settings(max_examples=150, deadline=None)
@examples_of(trees(), st.fixed_dictionaries({key: st.sampled_from([True, False, None, {"d": True}]) for key in "abc"}))
def test_parts_hold_together_as_they_do_in_python(tree: Tree, over: dict[str, Any]) -> None:
    assert evaluate(jmespath(tree), over) == obvious(tree, over), jmespath(tree)


class Aliased(BaseModel):
    source: str = Field(alias="from")


@pytest.mark.parametrize(
    ("made", "written"),
    [
        (value().a.b, "a.b"),
        (value(), "@"),
        (value()["first-name"], '"first-name"'),
        (value().true, '"true"'),
        (value().pages[0].title, "pages[0].title"),
        (value().pages[1:3][0], "(pages[1:3])[0]"),
        (value().a == "ok", "a == 'ok'"),
        (value().a >= 3, "a >= `3`"),
        ((value().a > 1) & (value().b > 2) | (value().c == 3), "a > `1` && b > `2` || c == `3`"),
        ((value().a == 1) & ((value().b == 2) | (value().c == 3)), "a == `1` && (b == `2` || c == `3`)"),
        (~value().a.b, "!(a.b)"),
        (f.not_(value()), "!@"),
        (value().a + 1 - value().b, "subtract(add(a, `1`), b)"),
        ("n " + value(str), "join('', ['n ', @])"),
        (f.if_(value().a, "x", value().b), "if(a, 'x', b)"),
        (f.sort_by(value().pages, lambda page: page.words), "sort_by(pages, &words)"),
        (f.map(lambda page: {"t": page.title}, value().pages), "map(&{t: title}, pages)"),
        (f.where(value().pages, lambda page: page.words > 10)[0], "(pages[?words > `10`])[0]"),
        (f.round(value().a, digits=2), "round(a, `2`)"),
        ({"a": value().b, "c": [1, value().d]}, "{a: b, c: [`1`, d]}"),
        (expr("pages[*].url", value()), "pages[*].url"),
        (expr("[*].url", value().pages), "pages | [*].url"),
        (value(list[Aliased])[0].source, "[0].from"),
    ],
)
def test_an_expression_is_written_as_one_would_write_it(made: object, written: str) -> None:
    assert text(made) == written


@pytest.mark.parametrize(
    ("use", "instead"),
    [
        (lambda: bool(value()), "&"),
        (lambda: "a" in value(), "f.contains"),
        (lambda: value().lower(), "f.<function>"),
        (lambda: str(value()), "f.to_string"),
        (lambda: int(value()), "f.to_number"),
        (lambda: value()[value()], "f.get"),
        (lambda: f.round(value(), places=2), r"round\(number: number"),  # type: ignore[call-arg]
        (lambda: f.lower(), "takes 1 argument"),  # type: ignore[call-arg]
    ],
)
def test_what_python_decides_at_once_says_what_to_write(use: Callable[[], object], instead: str) -> None:
    with pytest.raises(BuilderError, match=instead):
        use()


def test_every_function_of_expressions_has_its_type() -> None:
    typed = dict(re.findall(r"^def (\w+?)_?\((.*?)\) ->", STUB, re.MULTILINE))
    assert typed.keys() - FUNCTIONS.keys() == {"where", "not", "and", "or"}
    for name, function in FUNCTIONS.items():
        parameters = [each.rstrip("_") for each in re.findall(r"(\w+): ", typed[name])]
        assert parameters == [parameter.name for parameter in function.signature.parameters], name
