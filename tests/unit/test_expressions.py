"""Expressions on values: what they give, and that nothing that is written in one costs more than an evaluation may."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.unit.expression_generator import VALUE
from wand_orchestrator.graphs.evaluation_budget import Budget, Exceeded
from wand_orchestrator.graphs.expressions import (
    ExpressionError,
    ExpressionTooLarge,
    evaluate,
    is_true,
)
from wand_orchestrator.graphs.json_values import equal
from wand_orchestrator.graphs.references import Scope, resolve


def piped(part: str, times: int) -> str:
    return " | ".join([part] * times)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("contains(@, `true`)", [1]),
        ("contains(@, `1`)", [True]),
        ("contains(@, `[0]`)", [[False]]),
        ("@ == `[false]`", [0]),
        ('@ == `{"a": 1}`', {"a": True}),
        ("[0].a == [1].a", [{"a": [0]}, {"a": [False]}]),
        ("length(@[?a == `[1]`]) == `1`", [{"a": [True]}]),
        ("@ == `[1, 2]`", [1]),
        ('@ == `{"a": 1}`', {"b": 1}),
    ],
)
def test_true_is_no_number_wherever_it_lies(expression: str, value: Any) -> None:
    assert evaluate(expression, value) is False


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("contains(@, `1`)", [1.0]),
        ('@ == `[1, {"a": null}]`', [1.0, {"a": None}]),
        ("@ != `[true]`", [1]),
        ("contains(@, 'b')", "abc"),
        ("contains(@, `[true]`)", [[True]]),
    ],
)
def test_what_is_equal_in_json_is_equal(expression: str, value: Any) -> None:
    assert evaluate(expression, value) is True


@pytest.mark.parametrize("kinds", [[True, 1], [1, "1"], [None, 1], [[1], 1]])
@pytest.mark.parametrize("call", ["sort(@)", "max(@)", "sort_by(@, &@)", "max_by(@, &@)", "min_by(@, &@)", "sum(@)"])
def test_what_has_no_order_is_an_error_of_the_expression(call: str, kinds: list[Any]) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(call, kinds)
    assert caught.value.code == "expression"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("ceil(sum(@))", [1e308, 1e308]),
        ("sum(@)", [1e308, 1e308]),
        ("avg(@)", [10**400, 1]),
        ("floor(to_number(@))", "inf"),
        ("abs(to_number(@))", "-Infinity"),
        ("ceil(to_number(@))", "nan"),
        ("sum(@)", [10**4000, 10**4000]),
        ("&a", {}),
        ("[&a]", {}),
        ("`NaN`", None),
        ("`[1e999]`", None),
        ('`"\\ud800"`', None),
        ('{"\\ud800": @}', 1),
        ('`"\\u0000"`', None),
        ("@ < `1`", "a"),
        ("contains(@, `1`)", "a1"),
    ],
)
def test_what_json_cannot_hold_is_an_error_of_the_expression(expression: str, value: Any) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(expression, value)
    assert caught.value.code == "expression"


@pytest.mark.parametrize("text", ["inf", "nan", "-Infinity", "1e999", "x", ""])
def test_a_text_that_is_no_number_of_json_gives_null(text: str) -> None:
    assert evaluate("to_number(@)", text) is None


def test_a_value_that_has_the_same_part_often_is_no_larger_than_as_json() -> None:
    assert evaluate(piped("[@, @]", 10), "x") is not None
    assert len(evaluate(piped("[@, @]", 17) + " | to_string(@)", "x")) == 2**17 * 6 - 3


def test_a_long_list_may_be_gone_through() -> None:
    assert evaluate("length(numbers[?@ >= `25000`])", VALUE) == 25_000
    assert evaluate("sort(numbers)[-1]", VALUE) == 49_999
    assert len(evaluate("rows[*].{id: id, name: name}", VALUE)) == 2000
    assert evaluate("max_by(rows, &id).name", VALUE) == "n1999"


def test_equality_counts_what_it_looks_at() -> None:
    with pytest.raises(Exceeded):
        equal([[1] * 100, [2] * 100], [[1] * 100, [2] * 100], Budget(steps=150))


def test_a_budget_is_extended_once_and_only_when_it_is_used_up() -> None:
    asked: list[int] = []

    def more() -> int:
        asked.append(1)
        return 1000

    budget = Budget(1000, more)
    evaluate("numbers[:100] | [*].[@]", VALUE, budget)
    assert asked == []
    evaluate("numbers[:100] | [*].[@]", VALUE, budget)
    assert asked == [1]
    with pytest.raises(ExpressionTooLarge, match="2,000 steps"):
        evaluate("numbers[:1000] | [*].[@]", VALUE, budget)
    assert asked == [1]


def test_now_is_the_moment_that_the_caller_says() -> None:
    moment = datetime(2026, 3, 1, 12, 0, 0, 5000, tzinfo=UTC)
    assert evaluate("now()", None, now=moment) == "2026-03-01T12:00:00.005Z"
    assert evaluate("{at: now()}", 1, now=moment.astimezone(timezone(timedelta(hours=5)))) == {
        "at": "2026-03-01T12:00:00.005Z"
    }
    with pytest.raises(ExpressionError, match="no clock"):
        evaluate("now()", None)


def test_an_error_names_no_value() -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate("length(secret)", {"secret": 5_550_123})
    assert (
        str(caught.value) == "'length(secret)' cannot be evaluated: length() takes string or array or object, "
        "and is given number"
    )


def test_truth_is_that_of_jmespath() -> None:
    values: list[Any] = [None, False, "", [], {}, 0, 0.0, True, " ", [0]]
    assert [value for value in values if is_true(value)] == [0, 0.0, True, " ", [0]]


def test_a_reference_is_bounded_as_well() -> None:
    with pytest.raises(ExpressionTooLarge):
        resolve({"a": [{"$input": piped("[@, @]", 40)}]}, Scope(1))
