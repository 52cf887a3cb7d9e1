"""The functions of expressions: each does what its entry says, and refuses what it cannot do with a sentence."""

import tracemalloc
from datetime import UTC, datetime
from typing import Any

import pytest
from jmespath.functions import Functions as OfJmespath

from wand_orchestrator.graphs.expressions import ExpressionError, ExpressionTooLarge, evaluate
from wand_orchestrator.graphs.functions import FUNCTIONS
from wand_orchestrator.graphs.functions.function import Example, read_signature
from wand_orchestrator.graphs.functions.value_types import type_name

NOW = datetime(2026, 3, 1, 12, 0, 0, 5000, tzinfo=UTC)
EXAMPLES = [example for function in FUNCTIONS.values() for example in function.examples]


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.expression for example in EXAMPLES])
def test_an_example_gives_what_it_says(example: Example) -> None:
    result = evaluate(example.expression, example.value)
    assert (result, type(result)) == (example.result, type(example.result))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_a_sentence_and_an_example_that_calls_it(name: str) -> None:
    function = FUNCTIONS[name]
    assert function.sentence.endswith(".")
    assert name == "now" or any(f"{name}(" in example.expression for example in function.examples)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_example_returns_a_type_that_the_signature_names(name: str) -> None:
    for example in FUNCTIONS[name].examples:
        if example.expression.startswith(f"{name}(") and example.expression.endswith(")"):
            assert FUNCTIONS[name].signature.returns.admits(example.result)


def test_all_functions_of_jmespath_are_in_the_table_as_it_takes_them() -> None:
    for name, known in OfJmespath.FUNCTION_TABLE.items():
        signature = FUNCTIONS[name].signature
        assert FUNCTIONS[name].run is None
        assert signature.least == len(known["signature"])
        for index, taken in enumerate(known["signature"]):
            names = {type.partition("-")[0] for type in taken["types"]}
            assert signature.parameter(index).type.names == names


@pytest.mark.parametrize(
    ("expression", "value", "result"),
    [
        ("find_first(@, 'string', `0`, `14`)", "subject string", 8),
        ("find_first(@, 'string', `-99`, `100`)", "subject string", 8),
        ("find_first(@, 'string', `0`, `13`)", "subject string", None),
        ("find_first(@, 'string', `9`)", "subject string", None),
        ("find_last(@, 'string')", "subject string", 8),
        ("find_last(@, 'string', `8`)", "subject string", 8),
        ("find_last(@, 'string', `7`)", "subject string", None),
        ("find_last(@, 's', `8`)", "subject string", 8),
        ("pad_left(@, `0`)", "string", "string"),
        ("pad_left(@, `10`, '-')", "string", "----string"),
        ("pad_right(@, `10`)", "string", "string    "),
        ("replace(@, 'aa', '-', `0`)", "aabaaabaaaab", "aabaaabaaaab"),
        ("replace(@, 'aa', '-', `3`)", "aabaaabaaaab", "-b-ab-aab"),
        ("replace(@, 'aa', '-')", "aabaaabaaaab", "-b-ab--b"),
        ("split(@, '/')", "/", ["", ""]),
        ("split(@, '|-|', `2`)", "average|-|min|-|max|-|mean", ["average", "min", "max|-|mean"]),
        ("split(@, '|-|', `0`)", "average|-|min", ["average|-|min"]),
        ("split(@, '', `2`)", "abcd", ["a", "b", "cd"]),
        ("trim(@, '')", "   subject string   ", "subject string"),
        ("trim(@, 'su ')", "   subject string   ", "bject string"),
        ("trim_left(@, 'su ')", "   subject string   ", "bject string   "),
        ("trim_right(@, 'gsu ')", "   subject string   ", "   subject strin"),
        ("from_items(@)", [["one", 1], ["two", 2], ["one", 3]], {"one": 3, "two": 2}),
        ("zip(@, `[1, 2]`)", ["a", "b", "c"], [["a", 1], ["b", 2]]),
        ("group_by(@, &name)", [{"name": "a"}, {"b": 1}], {"a": [{"name": "a"}]}),
    ],
)
def test_functions_of_jmespath_community_give_what_it_specifies(expression: str, value: Any, result: Any) -> None:
    assert evaluate(expression, value) == result


@pytest.mark.parametrize(
    ("expression", "value", "result"),
    [
        ("round(@)", -2.5, -3),
        ("round(@, `2`)", 2.675, 2.68),
        ("round(@, `2`)", 1e300, 1e300),
        ("round(@)", -0.4, 0),
        ("to_fixed(@, `1`)", -0.25, "-0.3"),
        ("divide(@, `3`)", 9007199254740993, 3002399751580331),
        ("power(@, `-1`)", 4, 0.25),
        ("if(@, a, b)", {"a": 1}, 1),
        ("if(`[]`, 'a', 'b')", None, "b"),
        ("if(`0`, 'a', 'b')", None, "a"),
        ("default(@, `1`)", False, False),
        ("unique(@)", [[1], [1.0], [True], {"a": 1}, {"a": 1}], [[1], [True], {"a": 1}]),
        ("flatten(@, `0`)", [[1]], [[1]]),
        ("slice(@, `-2`)", "añb", "ñb"),
        ("get(@, `5`)", [1], None),
        ("get(@, 'a')", [1], None),
        ("get(@, 'a')", None, None),
        ("regex_replace(@, 'a*', '$$1')", "ba", "$1b$1$1"),
        ("regex_replace(@, 'a', '$x$0')", "a", "$xa"),
        ("regex_find_all(@, '(a)|b', `1`)", "ab", ["a", None]),
        (r"regex_find(@, '\pL+')", "1 é2", "é"),
        ("format('{{{a}}} {b} {c}', @)", {"a": 1, "b": None, "c": [1, "x"]}, '{1}  [1,"x"]'),
        ("from_json(to_json(@))", {"a": [1, None, "é\n"]}, {"a": [1, None, "é\n"]}),
        ("base64_decode(base64_encode(@))", "é?~>", "é?~>"),
        ("to_time(@)", "2026-03-01 14:30:00.123456+02:00", "2026-03-01T12:30:00.123Z"),
        ("unix_time(@)", "1970-01-01T00:00:00.5Z", 0.5),
        ("format_time(@, '%I:%M %p %L %j %V %u %%', '-05:30')", "2026-12-31T05:29:59.9Z", "11:59 PM 900 364 53 3 %"),
        ("parse_time(@, '%B %d %Y')", "March 5 2026", "2026-03-05T00:00:00.000Z"),
        ("sort([to_time('2026-01-01T01:00:00+02:00'), to_time('2026-01-01')])[0]", {}, "2025-12-31T23:00:00.000Z"),
    ],
)
def test_functions_give_what_their_users_expect(expression: str, value: Any, result: Any) -> None:
    found = evaluate(expression, value)
    assert (found, type(found)) == (result, type(result))


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("divide(`1`, `0`)", "divides by 0"),
        ("mod(`1`, `0.0`)", "divides by 0"),
        ("power(`0`, `-1`)", "divides by 0"),
        ("power(`-8`, `0.5`)", "no number"),
        ("power(`10`, `100000`)", "thousands of digits"),
        ("power(`10.0`, `400`)", "cannot be evaluated"),
        ("multiply(`1e308`, `10`)", "no such number"),
        ("round(`1.5`, `0.5`)", "whole number"),
        ("add('a', `1`)", "takes number, and is given string"),
        ("lower()", "takes 1 argument, and is given 0"),
        ("if(`1`)", "takes 2 to 3 arguments, and is given 1"),
        ("pad_left('a', `5`, 'ab')", "one character"),
        ("split('a', ',', `-1`)", "`count` must be a whole number"),
        ("range(`0`, `1`, `0`)", "`step` must not be 0"),
        ("chunk(`[1]`, `0`)", "`size` must be a whole number"),
        ('group_by(`[{"a": 1}]`, &a)', "expression that gives text"),
        ("from_items(`[[1, 2]]`)", "pairs of a text and a value"),
        ('from_items(`["ab"]`)', "is given array"),
        ("pick(`{}`, `[1]`)", "is given array"),
        ("format('{a}', `[1]`)", "are a list"),
        ("regex_match('a', '(?=a)')", "RE2 says"),
        ("regex_find('a', '(a)', `2`)", "`group` must be a whole number from 0 to 1"),
        ("regex_replace('a', 'a', '$1')", "names a group"),
        ("to_time('yesterday')", "RFC 3339"),
        ("to_time('2026-02-30')", "out of range"),
        ("add_seconds('2026-01-01', `1e20`)", "cannot be evaluated"),
        ("format_time('2026-01-01', '%Q')", "is not known"),
        ("format_time('2026-01-01', '%Y', 'CET')", "+02:00"),
        ("parse_time('1.1.26', '%d.%m.%Y')", "not written as the format says"),
        ("parse_time('1', '%d%d')", "twice"),
        ("from_json('{')", "not JSON"),
        ("from_json('[NaN]')", "not JSON"),
        ("from_json('[1e999]')", "no such number"),
        (r"""from_json('"\ud800"')""", "cannot be stored"),
        (r"""from_json('{"\u0000": 1}')""", "cannot be stored"),
        ("base64_decode('AA==')", "cannot be stored"),
        ("base64_decode('/w==')", "UTF-8"),
        ("now()", "no clock"),
    ],
)
def test_what_cannot_be_done_is_an_error_of_the_expression(expression: str, reason: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(expression, None)
    assert caught.value.code == "expression"
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    [
        "to_json(pad_left('', `16000000`, control))",
        "to_string([pad_left('', `4000000`, control)])",
        " | ".join(["[power(`7`, `3000`)]", *["[@, @]"] * 20, "to_json(@)"]),
        " | ".join(["[power(`7`, `3000`)]", *["[@, @]"] * 20, "to_string(@)"]),
    ],
)
def test_what_is_written_as_json_is_measured_as_it_is_written(expression: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ExpressionTooLarge):
            evaluate(expression, {"control": "\x01"})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * 1024**2


def test_only_the_branch_that_is_taken_is_evaluated() -> None:
    assert evaluate("if(count > `0`, divide(total, count), 'none')", {"count": 0, "total": 5}) == "none"
    assert evaluate("[*].if(@ > `0`, divide(`1`, @), `0`)", [0, 2]) == [0, 0.5]


def test_times_can_be_reckoned_from_now() -> None:
    assert evaluate("seconds_between(at, now())", {"at": "2026-03-01T11:59:00Z"}, now=NOW) == 60.005
    assert evaluate("is_before(now(), add_seconds(now(), `1`))", None, now=NOW) is True


def test_a_signature_is_read_as_it_is_written() -> None:
    signature = read_signature("f(text: string, by: &T, count?: number | null, *more: array[object[T]]) -> array[T]")
    assert str(signature) == "f(text: string, by: &T, count?: number | null, more…: array[object[T]]) → array[T]"
    values: list[Any] = [None, True, 1, 1.5, "", [], {}]
    assert [type_name(value) for value in values] == [
        "null", "boolean", "number", "number", "string", "array", "object",
    ]  # fmt: skip
