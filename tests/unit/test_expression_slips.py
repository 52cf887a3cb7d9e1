"""The commonest slips in expressions are answered with what is meant, when the graph is checked."""

import checked_agents
import pytest

from tests.cpu_time import cpu_loops
from wand_orchestrator.graphs.functions import FUNCTIONS
from wand_orchestrator.plugins import Registry
from wand_orchestrator.validation import check_graph
from wand_orchestrator.validation.check import Checked
from wand_orchestrator.validation.expression_slips import OTHER_NAMES, slip_of

AGENTS = Registry.of(checked_agents).agents


def checked(expression: str, source: str = "check.loose") -> Checked:
    params = {"query": "q"} if source == "check.search" else {}
    nodes = [{"id": "a", "type": source, "params": params}, {"id": "b", "type": "check.loose"}]
    document = {"name": "g", "nodes": nodes, "edges": [{"from": "a", "to": "b", "when": expression}]}
    return check_graph(document, AGENTS, max_nodes=2, max_edges=1)


@pytest.mark.parametrize(
    ("expression", "meant"),
    [
        ("status == 200", "a number stands in backticks: `200`"),
        ("pages[?size > 5]", "a number stands in backticks: `5`"),
        ("x == 1.5", "a number stands in backticks: `1.5`"),
        ("round(x, 2)", "a number stands in backticks: `2`"),
        ("status = 'ok'", "compare with `==`"),
        ("a === b", "compare with `==` and `!=`"),
        ("a <> b", "write `!=`"),
        ("first-name", '"first-name"'),
        ("user.first-name == 'x'", '"first-name"'),
        ("a and b", "`&&`"),
        ("a or b", "`||`"),
        ("not a", "`!`"),
        ("'x' in list", "contains(list, value)"),
        ("'x' not in list", "!contains(list, value)"),
        ("pages.0", "`[0]`"),
        ("len(pages)", "length(value)"),
        ("size(pages) > `5`", "length(value)"),
        ("name.upper()", "upper(value)"),
        ("name.startswith('a')", "starts_with(text, start)"),
        ("coalesce(a, b)", "default(value, fallback)"),
        ("a ? b : c", "if(condition, then, else)"),
        ("b if a else c", "if(condition, then, else)"),
        ("{{ name }}", "without braces"),
        ("$input.name", '{"$input": "…"}'),
        ("a + b", "add(a, b)"),
        ("a - b", "subtract(a, b)"),
        ("a-1", "subtract(a, b)"),
        ("price * count", "multiply(a, b)"),
        ("a / b", "divide(a, b)"),
        ("a % b", "mod(a, b)"),
        ("a ?? b", "default(a, b)"),
        ("{'a': b}", "a key stands in double quotes"),
        ("regex_match(a, '(?=b)')", "is no regular expression"),
    ],
)
def test_a_slip_is_a_fault_that_says_what_is_meant(expression: str, meant: str) -> None:
    (fault,) = checked(expression).faults
    assert meant in fault.message


@pytest.mark.parametrize(
    ("expression", "meant"),
    [
        ('note == "text"', "a text stands in single quotes, as 'text'"),
        ("pages.length", "length(value)"),
        ("total == true", "`true` stands in backticks"),
    ],
)
def test_a_key_that_is_not_there_may_be_meant_otherwise(expression: str, meant: str) -> None:
    (fault,) = checked(expression, "check.search").faults
    assert meant in fault.message


@pytest.mark.parametrize(("word", "value"), [("true", "`true`"), ("None", "`null`"), ("null", "`null`")])
def test_a_comparison_with_a_key_called_as_a_value_is_warned_of(word: str, value: str) -> None:
    answer = checked(f"ok == {word}")
    assert answer.faults == ()
    (warning,) = answer.warnings
    assert (warning.pointer, warning.code) == ("/edges/0/when", "expression_slip")
    assert value in warning.message


@pytest.mark.parametrize("expression", ["ok == `true`", "'a + b' == c", "a[-1]", '"a-b" != `null`', '`{"a": 1}`.a'])
def test_what_is_right_is_no_slip(expression: str) -> None:
    answer = checked(expression)
    assert (answer.faults, answer.warnings) == ((), ())


def test_a_syntax_error_that_is_no_known_slip_says_where() -> None:
    (fault,) = checked("pages[").faults
    assert fault.message == "'pages[' is not JMESPath: it ends too early"


@pytest.mark.parametrize("part", ["a", "a-", "'", "(1", "\\", "`", ".", "a.b(", "= ", "{'", "$", "1.", '\\"'])
def test_looking_for_slips_takes_time_in_proportion_to_the_length(part: str) -> None:
    assert cpu_loops(lambda: slip_of(part * (10_000 // len(part)))) < 10


def test_no_function_is_told_to_be_called_otherwise() -> None:
    assert OTHER_NAMES.keys().isdisjoint(FUNCTIONS)
