"""JMESPath as far as it can be judged without a value: syntax, functions and the number of their arguments.

jmespath itself notices an unknown function, or a wrong number of arguments, only when a value is there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from jmespath.exceptions import IncompleteExpressionError, LexerError, ParseError
from jmespath.functions import Functions

from wand_orchestrator.expressions import ExpressionError, compile_expression
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.document import is_deeper
from wand_orchestrator.validation.near import Near
from wand_orchestrator.validation.wording import quoted, shortened

Ast = dict[str, Any]

MAX_CHARS = 10_000
MAX_DEPTH = 64
"""Levels of an expression's tree, and of a value written in it: jmespath evaluates recursively."""

FUNCTIONS: dict[str, tuple[dict[str, Any], ...]] = {
    name: known["signature"] for name, known in Functions.FUNCTION_TABLE.items()
}
"""The arguments of each function: their `types` (none given: any), and `variadic` on a last one that may repeat."""

_BARE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Problem:
    code: Code
    message: str


def arguments_of(name: str) -> Iterator[dict[str, Any]]:
    """What each argument of a known function may be; without end where the last may repeat."""
    *firsts, last = FUNCTIONS[name]
    return chain(firsts, repeat(last) if last.get("variadic") else [last])


class Expressions:
    """The expressions of one document, each read once."""

    def __init__(self, near: Near) -> None:
        self._near = near
        self._read: dict[str, Ast | Problem] = {}

    def read(self, expression: str) -> Ast | Problem:
        """Its tree, as jmespath has it, or what is wrong with it."""
        if expression not in self._read:
            self._read[expression] = self._parse(expression)
        return self._read[expression]

    def _parse(self, expression: str) -> Ast | Problem:
        if len(expression) > MAX_CHARS:
            reason = f"has {len(expression)} characters, and at most {MAX_CHARS} are allowed"
            return Problem(Code.EXPRESSION_SYNTAX, f"the expression {quoted(expression)} {reason}")
        if _BARE_KEY.fullmatch(expression):
            return {"type": "field", "children": [], "value": expression}
        if not expression.strip():
            return Problem(Code.EXPRESSION_SYNTAX, "the expression is empty: write JMESPath, such as `body`")
        try:
            tree: Ast = compile_expression(expression).parsed
        except ExpressionError as error:
            if isinstance(error.__cause__, RecursionError):
                return _too_deep(expression)
            return Problem(Code.EXPRESSION_SYNTAX, f"{quoted(expression)} is not JMESPath: {_reason(error)}")
        return self._judge(expression, tree) or tree

    def _judge(self, expression: str, tree: Ast) -> Problem | None:
        """Look at the tree level by level: recursion could exhaust the stack."""
        level = [{"type": "whole", "children": [tree]}]
        for _ in range(MAX_DEPTH + 1):
            for node in level:
                if (problem := self._judge_node(expression, node)) is not None:
                    return problem
            level = [child for node in level for child in _children(node)]
            if not level:
                return None
        return _too_deep(expression)

    def _judge_node(self, expression: str, node: Ast) -> Problem | None:
        if node["type"] == "function_expression":
            return self._judge_call(node["value"], node["children"])
        if any(child["type"] == "expref" for child in _children(node)):
            return Problem(Code.EXPRESSION_SYNTAX, f"in {quoted(expression)}, `&` stands where no function takes it")
        if node["type"] == "slice" and node["children"][2] == 0:
            return Problem(
                Code.EXPRESSION_SYNTAX, f"{quoted(expression)} has a slice with steps of 0: take another step"
            )
        if node["type"] == "literal" and is_deeper(node["value"], MAX_DEPTH):
            return _too_deep(expression)
        return None

    def _judge_call(self, name: str, arguments: list[Ast]) -> Problem | None:
        if name not in FUNCTIONS:
            hint = self._near.hint("function", name, FUNCTIONS)
            return Problem(Code.UNKNOWN_FUNCTION, f"JMESPath has no function {shortened(name)}(){hint}")
        if (problem := _judge_count(name, len(arguments))) is not None:
            return problem
        for number, (argument, taken) in enumerate(zip(arguments, arguments_of(name), strict=False), start=1):
            wants, is_expression = taken["types"] == ["expref"], argument["type"] == "expref"
            if wants != is_expression:
                words = "an expression, such as `&name`" if wants else "a value: leave out the `&`"
                return Problem(Code.FUNCTION_ARGUMENTS, f"argument {number} of {name}() must be {words}")
        return None


def _judge_count(name: str, given: int) -> Problem | None:
    signature = FUNCTIONS[name]
    variadic = bool(signature[-1].get("variadic"))
    if given == len(signature) or (variadic and given > len(signature)):
        return None
    wanted = f"{'at least ' if variadic else ''}{len(signature)} argument{'' if len(signature) == 1 else 's'}"
    return Problem(Code.FUNCTION_ARGUMENTS, f"{name}() takes {wanted}, and is given {given}")


def _children(node: Ast) -> list[Ast]:
    """A slice's children are numbers."""
    return [] if node["type"] == "slice" else node["children"]


def _too_deep(expression: str) -> Problem:
    reason = f"is nested in more than {MAX_DEPTH} levels: split the work over nodes"
    return Problem(Code.EXPRESSION_SYNTAX, f"the expression {quoted(expression)} {reason}")


def _reason(error: ExpressionError) -> str:
    """What the parser says, without the drawing of the expression that follows it."""
    cause = error.__cause__
    if isinstance(cause, IncompleteExpressionError):
        return "it ends too early"
    if isinstance(cause, LexerError):
        return f"{shortened(cause.message)} at column {cause.lexer_position}"
    if isinstance(cause, ParseError):
        return f"{shortened(cause.msg)} {quoted(str(cause.token_value))} at column {cause.lex_position}"
    return shortened(str(cause))
