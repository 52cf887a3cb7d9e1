"""Whatever is written in an expression, evaluating it ends soon and takes little memory."""

import os
import resource
import tracemalloc
from contextlib import suppress
from functools import partial

import pytest

from tests.cpu_time import cpu_loops
from tests.unit.expression_generator import CALLING, VALUE, blowing_up
from wand_orchestrator.graphs.expressions import (
    ExpressionError,
    ExpressionTooLarge,
    compile_expression,
    evaluate,
)


def piped(part: str, times: int) -> str:
    return " | ".join([part] * times)


TOO_LARGE = {
    "a doubled value": piped("[@, @]", 40),
    "the deepest doubling": piped("{a: @, b: @}", 64),
    "the text of a doubled value": f"{piped('[@, @]', 40)} | to_string(@)",
    "a tower of texts": piped("to_string([@, @])", 40),
    "two doubled values that are equal": f"({piped('[@, @]', 30)}) == ({piped('[@, @]', 30)})",
    "a search for a doubled value": f"contains([{piped('[@, @]', 30)}], {piped('[@, @]', 30)})",
    "doubled lists made flat": piped("[@, @][]", 30),
    "a text joined again and again": "[text, text]" + " | [join('', @), join('', @)]" * 30,
    "a product of lists": "numbers[*].[`[1, 2, 3, 4, 5, 6, 7, 8]`[*].[@]]",
    "a product of calls": "map(&map(&[@], `[1, 2, 3, 4, 5, 6, 7, 8]`), numbers)",
    "a list in many slices": "numbers | [" + ", ".join(["@[1:]"] * 300) + "]",
    "a text in many texts": "[text, text, text] | " + piped("[join('', @), join('', @), join('', @)]", 20),
    "too deep a value": piped("[@]", 60) + " | [" + piped("[@]", 60) + "]",
    "an expression that is too long": "a" * 10_001,
    "an expression that is too deep": piped("a", 70),
    "brackets without end": "[" * 5000 + "@" + "]" * 5000,
}


@pytest.mark.parametrize("expression", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_what_would_cost_too_much_is_refused_in_a_second(expression: str) -> None:
    caught: list[ExpressionTooLarge] = []

    def refused() -> None:
        with pytest.raises(ExpressionTooLarge) as raised:
            evaluate(expression, VALUE)
        caught.append(raised.value)

    assert cpu_loops(refused) < 50
    assert caught[0].code == "expression_too_large"
    assert len(str(caught[0])) < 300


def test_expressions_that_are_kept_compiled_have_a_bounded_size() -> None:
    before = peak_bytes()
    for number in range(60):
        compile_expression("[" + ",".join(["@"] * 3000) + f", `{number}`]")
    assert peak_bytes() - before < 96 * 1024**2


@pytest.mark.parametrize("seed", range(int(os.environ.get("WAND_FUZZ_EXAMPLES", "12"))))
def test_whatever_an_expression_multiplies_it_ends_soon_and_takes_little(seed: int) -> None:
    expression, before = blowing_up(seed), peak_bytes()

    def end() -> None:
        with suppress(ExpressionError):
            evaluate(expression, VALUE)

    assert cpu_loops(end) < 50
    assert peak_bytes() - before < 64 * 1024**2


@pytest.mark.parametrize("call", CALLING)
@pytest.mark.parametrize("long", ["numbers", f"join('', [{', '.join(['text'] * 100)}])"])
def test_no_function_takes_more_of_something_long(long: str, call: str) -> None:
    tracemalloc.start()
    try:
        with suppress(ExpressionError):
            evaluate(f"{long} | {call}", VALUE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * 1024**2


def test_an_expression_takes_no_longer_because_of_how_deep_it_lies() -> None:
    """Python takes and returns memory with each call across the end of a chunk of its stack."""
    expressions = ["range(`0`, `5000`) | [*].abs(@)" + " | @" * depth for depth in range(55)]
    loops = [cpu_loops(partial(evaluate, expression, None)) for expression in expressions]
    assert max(loops) < 4 * sorted(loops)[len(loops) // 2]


def peak_bytes() -> int:
    """Memory that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
