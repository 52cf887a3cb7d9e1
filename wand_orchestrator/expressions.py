"""JMESPath, compiled once an expression: `map`, `when` and `{"$input": ...}`.

The language is specified at https://jmespath.org/specification.html.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from wand_orchestrator.errors import WandError

INPUT_KEY = "$input"


class ExpressionError(WandError):
    """The expression does not parse, or cannot be evaluated on this value."""

    code = "expression"


@lru_cache(maxsize=4096)
def compile_expression(expression: str) -> ParsedResult:
    """Raises ExpressionError with what the parser says, on one line."""
    try:
        return jmespath.compile(expression)
    except (JMESPathError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ExpressionError(f"{expression!r} is not JMESPath: {reason}") from error
    except RecursionError as error:
        raise ExpressionError("the expression is nested too deep") from error


def evaluate(expression: str, value: Any) -> Any:
    """The value that `expression` selects; null where it selects nothing."""
    try:
        return compile_expression(expression).search(value)
    except (JMESPathError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ExpressionError(f"{expression!r} cannot be evaluated: {reason}") from error
    except RecursionError as error:
        raise ExpressionError("the expression, or what it is evaluated on, is nested too deep") from error


def is_true(value: Any) -> bool:
    """Truth in JMESPath's sense: false, null, and empty strings, lists and objects are false; 0 is true."""
    return not (value is None or value is False or value == "" or value == [] or value == {})


def resolve_input(params: Any, run_input: Any) -> Any:
    """`params` with every `{"$input": "<JMESPath>"}` in it replaced by that part of the run's input."""
    if isinstance(params, Mapping):
        if is_input_reference(params):
            return evaluate(params[INPUT_KEY], run_input)
        return {key: resolve_input(value, run_input) for key, value in params.items()}
    if isinstance(params, list | tuple):
        return [resolve_input(value, run_input) for value in params]
    return params


def is_input_reference(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) == 1 and isinstance(value.get(INPUT_KEY), str)
