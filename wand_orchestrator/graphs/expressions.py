"""Compiles and evaluates JMESPath: the expressions of `map`, `when` and references.

The language is specified at https://jmespath.org/specification.html.
"""

# pyright: reportArgumentType=false, reportAssignmentType=false
# The stubs of jmespath that pyright brings name neither its inner methods nor the trees that are passed on here.

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import FunctionType
from typing import Any

from cachetools import LRUCache, cached
from jmespath.exceptions import JMESPathError, JMESPathTypeError
from jmespath.parser import Parser
from jmespath.visitor import TreeInterpreter

from wand_orchestrator.errors import WandError
from wand_orchestrator.graphs.evaluation_budget import Budget, Exceeded
from wand_orchestrator.graphs.interpreter import Ast, Interpreter
from wand_orchestrator.graphs.json_values import NotJson, measured

MAX_CHARS = 10_000
MAX_LEVELS = 64
"""Of an expression's tree, and of a value written in it: jmespath evaluates recursively."""

SHORT_CHARS = 100
"""Of an expression of the usual kind, which is kept compiled by number, as that is quicker to look up."""

CACHED_CHARS = 128 * 1024
"""Of all longer expressions that are kept compiled. A character takes up to 200 bytes as a part of a tree."""

MAX_QUOTED_CHARS = 80
MAX_REASON_CHARS = 120

_SELECTING = frozenset({"field", "index", "index_expression", "subexpression", "pipe", "current", "identity"})
"""Parts of expressions that give a part of what they are given, and make nothing."""

_LOOPING = frozenset({"projection", "value_projection", "filter_projection", "expref"})
"""Parts of expressions that are evaluated for each of many elements."""


_SELECTOR = TreeInterpreter()


class ExpressionError(WandError):
    """The expression does not parse, or cannot be evaluated on this value."""

    code = "expression"


class ExpressionTooLarge(ExpressionError):
    """The expression, its evaluation or its result is larger than allowed."""

    code = "expression_too_large"


@dataclass(frozen=True, slots=True)
class Compiled:
    """Contains a compiled expression. `selects`: it returns a part of its value, and builds nothing. `loops`: it
    iterates over elements. `chars`: of its text.
    """

    tree: Ast
    selects: bool
    loops: bool
    chars: int


class _Parser(Parser):  # type: ignore[misc]
    """A parser without a cache; jmespath's own keeps the last 512 expressions, of whatever size."""

    _CACHE: dict[str, Any] = {}  # noqa: RUF012 (jmespath's own way)
    _MAX_SIZE = 0


def compile_expression(expression: str) -> Compiled:
    """Compile an expression. Raises ExpressionTooLarge, and ExpressionError with the parser's message on one line."""
    return _short(expression) if len(expression) <= SHORT_CHARS else _long(expression)


def _compile(expression: str) -> Compiled:
    if len(expression) > MAX_CHARS:
        raise ExpressionTooLarge(
            f"the expression {_quoted(expression)} has {len(expression)} characters, "
            f"and at most {MAX_CHARS} are allowed"
        )
    try:
        tree: Ast = _Parser().parse(expression).parsed
        kinds = _examine(tree)
    except RecursionError as error:
        raise _too_deep(expression) from error
    except Exceeded as error:
        raise _too_deep(expression) from error
    except (JMESPathError, ValueError) as error:
        raise ExpressionError(f"{_quoted(expression)} is not JMESPath: {_reason(error)}") from error
    return Compiled(tree, kinds <= _SELECTING, not kinds.isdisjoint(_LOOPING), len(expression))


_compiled: LRUCache[str, Compiled] = LRUCache(maxsize=CACHED_CHARS, getsizeof=lambda compiled: compiled.chars)
_short = lru_cache(maxsize=1024)(_compile)
_long = cached(_compiled, lock=threading.Lock())(_compile)


def evaluate(expression: str, value: Any, budget: Budget | None = None, now: datetime | None = None) -> Any:
    """Returns the value that `expression` selects; null where it selects nothing. Raises ExpressionError.

    `budget`: for who wants to know what it took, or gives several evaluations one. `now`: the moment that `now()`
    returns, with its offset from UTC; in a workflow this must be the workflow's clock, so that a replay finds the same.
    """
    budget = budget or Budget()
    budget.read(len(expression))
    compiled = compile_expression(expression)
    if compiled.selects:
        return _SELECTOR.visit(compiled.tree, value)
    try:
        interpret = _interpret_loops if compiled.loops else _interpret
        result = interpret(Interpreter(budget, now), compiled.tree, value)
        measured(result, budget)
    except Exceeded as error:
        raise ExpressionTooLarge(f"{_quoted(expression)} {error}: split the work over nodes, or select less") from error
    except NotJson as error:
        raise ExpressionError(f"{_quoted(expression)} {error}") from error
    except Exception as error:  # jmespath raises whatever Python does at a number, a text or a list
        raise ExpressionError(f"{_quoted(expression)} cannot be evaluated: {_reason(error)}") from error
    return result


def _interpret(interpreter: Interpreter, tree: Ast, value: Any) -> Any:
    return interpreter.visit(tree, value)


_STACK_WORDS = 17_000
"""More than half of 256 KB. Python puts the frames of calls into chunks of 16 KB, and takes and returns a chunk with
every call across the end of one: an expression that is as deep as that by chance takes ten times as long. A frame that
is larger gets a chunk of 256 KB, and the rest of that holds all calls of an evaluation."""

_interpret_loops = FunctionType(_interpret.__code__.replace(co_stacksize=_STACK_WORDS), globals())


def is_true(value: Any) -> bool:
    """Return the truth in JMESPath's sense: false, null, and empty strings, lists and objects are false; 0 is true."""
    return not (value is None or value is False or (isinstance(value, str | list | tuple | dict) and not value))


def parts_of(node: Ast) -> list[Ast]:
    """Return the child trees; none of a slice, whose children are numbers."""
    parts: list[Ast] = [] if node["type"] == "slice" else node["children"]
    return parts


def _examine(tree: Ast) -> set[str]:
    """Return the types of the tree's nodes. Raises Exceeded if it is too deep, ValueError for values that JSON cannot
    represent.
    """
    kinds: set[str] = set()
    level = [tree]
    for _ in range(MAX_LEVELS + 1):
        if not level:
            return kinds
        for node in level:
            kinds.add(node["type"])
            _examine_written(node)
        level = [part for node in level for part in parts_of(node)]
    raise Exceeded("is nested too deep")


def _examine_written(node: Ast) -> None:
    """Check the values that the expression itself contains: literals, and the names of keys."""
    level = [node["value"]] if node["type"] in ("literal", "key_val_pair") else []
    for _ in range(MAX_LEVELS + 1):
        inner: list[Any] = []
        for value in level:
            inner += _inner(value)
            if isinstance(value, str):
                _examine_text(value)
            elif not isinstance(value, dict | list):
                measured(value, Budget())
        level = inner
    if level:
        raise Exceeded("is nested too deep")


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _examine_text(text: str) -> None:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("it writes U+0000 or half of a surrogate pair, which cannot be stored")


def _too_deep(expression: str) -> ExpressionTooLarge:
    reason = f"is nested in more than {MAX_LEVELS} levels: split the work over nodes"
    return ExpressionTooLarge(f"the expression {_quoted(expression)} {reason}")


def _quoted(expression: str) -> str:
    return repr(expression if len(expression) <= MAX_QUOTED_CHARS else f"{expression[: MAX_QUOTED_CHARS - 1]}…")


def _reason(error: Exception) -> str:
    """Return the reason on one line, and never with the value: it may be secret, and may be huge."""
    if isinstance(error, JMESPathTypeError):
        return f"{error.function_name}() takes {' or '.join(error.expected_types)}, and is given {error.actual_type}"
    if isinstance(error, RecursionError):
        return "the value is nested too deep"
    text = " ".join(str(error).split())
    return text if len(text) <= MAX_REASON_CHARS else f"{text[: MAX_REASON_CHARS - 1]}…"
