"""Checks JMESPath without a value: syntax, functions and the number of their arguments.

jmespath itself notices an unknown function, or a wrong number of arguments, only when a value is there.
"""

import re
from dataclasses import dataclass

from jmespath.exceptions import IncompleteExpressionError, LexerError, ParseError

from wand_orchestrator.graphs.expressions import (
    MAX_CHARS,
    ExpressionError,
    ExpressionTooLarge,
    compile_expression,
    parts_of,
)
from wand_orchestrator.graphs.functions import FUNCTIONS
from wand_orchestrator.graphs.functions.function import Function
from wand_orchestrator.graphs.interpreter import Ast
from wand_orchestrator.graphs.patterns import UnusablePattern
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.expression_slips import OTHER_NAMES, slip_of
from wand_orchestrator.validation.phrases import quoted, shortened
from wand_orchestrator.validation.suggestions import Near

MAX_TOTAL_CHARS = 1_000_000
"""Of all expressions of a document that are more than a key; reading one takes about a microsecond a character."""

_BARE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class ExpressionProblem:
    code: Code
    message: str


class Expressions:
    """Checks the expressions of one document, each once. Their trees are not kept: there may be a hundred thousand."""

    def __init__(self, near: Near) -> None:
        self._near = near
        self._problems: dict[str, ExpressionProblem] = {}
        self._sound: set[str] = set()
        self._chars = 0

    def read(self, expression: str) -> Ast | ExpressionProblem:
        """Return the expression's tree, as jmespath has it, or what is wrong with it."""
        if _BARE_KEY.fullmatch(expression) and len(expression) <= MAX_CHARS:
            return {"type": "field", "children": [], "value": expression}
        if expression in self._problems:
            return self._problems[expression]
        tree = self._parse(expression)
        if isinstance(tree, ExpressionProblem):
            self._problems[expression] = tree
        else:
            self._sound.add(expression)
        return tree

    def _parse(self, expression: str) -> Ast | ExpressionProblem:
        if not expression.strip():
            return ExpressionProblem(Code.EXPRESSION_SYNTAX, "the expression is empty: write JMESPath, such as `body`")
        if expression not in self._sound:
            self._chars += len(expression)
        if self._chars > MAX_TOTAL_CHARS:
            reason = f"all expressions together have more than {MAX_TOTAL_CHARS:,} characters: use several graphs"
            return ExpressionProblem(Code.TOO_COMPLEX, reason)
        try:
            tree = compile_expression(expression).tree
        except ExpressionTooLarge as error:
            return ExpressionProblem(Code.EXPRESSION_SYNTAX, error.message)
        except ExpressionError as error:
            slip = slip_of(expression)
            reason = f"{_reason(error)}{f': {slip}' if slip else ''}"
            return ExpressionProblem(Code.EXPRESSION_SYNTAX, f"{quoted(expression)} is not JMESPath: {reason}")
        return tree if expression in self._sound else self._judge(expression, tree) or tree

    def _judge(self, expression: str, tree: Ast) -> ExpressionProblem | None:
        """Look at the tree level by level: recursion could exhaust the stack."""
        level = [{"type": "whole", "children": [tree]}]
        while level:
            for node in level:
                if (problem := self._judge_node(expression, node)) is not None:
                    return problem
            level = [part for node in level for part in parts_of(node)]
        return None

    def _judge_node(self, expression: str, node: Ast) -> ExpressionProblem | None:
        if node["type"] == "function_expression":
            return self._judge_call(expression, node["value"], node["children"])
        if any(child["type"] == "expref" for child in parts_of(node)):
            return ExpressionProblem(
                Code.EXPRESSION_SYNTAX, f"in {quoted(expression)}, `&` stands where no function takes it"
            )
        if node["type"] == "slice" and node["children"][2] == 0:
            return ExpressionProblem(
                Code.EXPRESSION_SYNTAX, f"{quoted(expression)} has a slice with steps of 0: take another step"
            )
        return None

    def _judge_call(self, expression: str, name: str, arguments: list[Ast]) -> ExpressionProblem | None:
        if name not in FUNCTIONS:
            other = OTHER_NAMES.get(name)
            hint = f": write {other}" if other else self._near.hint("function", name, FUNCTIONS)
            return ExpressionProblem(Code.UNKNOWN_FUNCTION, f"there is no function {shortened(name)}(){hint}")
        function = FUNCTIONS[name]
        if (wrong := function.signature.wrong_count(len(arguments))) is not None:
            wrong += f": write {name}(value)" if f".{name}(" in expression else ""
        wrong = wrong or _wrong_argument(function, arguments)
        return None if wrong is None else ExpressionProblem(Code.FUNCTION_ARGUMENTS, wrong)


def _wrong_argument(function: Function, arguments: list[Ast]) -> str | None:
    """Return which argument is an expression in place of a value, the other way round, or a text that can never be this
    argument, such as a format of times with an unknown part; None if all may be right.
    """
    for index, argument in enumerate(arguments):
        parameter, which = function.signature.parameter(index), f"argument {index + 1} of {function.name}()"
        wants = parameter.type.is_expression
        if wants != (argument["type"] == "expref"):
            return f"{which} must be {'an expression, such as `&name`' if wants else 'a value: leave out the `&`'}"
        check = function.literals.get(parameter.name)
        if check is not None and argument["type"] == "literal" and isinstance(argument["value"], str):
            try:
                check(argument["value"])
            except UnusablePattern as error:
                return f"{which} is no regular expression: {error}"
            except ValueError as error:
                return f"{which} is {quoted(argument['value'])}: {error}"
    return None


def _reason(error: ExpressionError) -> str:
    """Return the parser's message, without the drawing of the expression that follows it."""
    cause = error.__cause__
    if isinstance(cause, IncompleteExpressionError):
        return "it ends too early"
    if isinstance(cause, LexerError):
        return f"{shortened(cause.message)} at column {cause.lexer_position}"
    if isinstance(cause, ParseError):
        return f"{shortened(cause.msg)} {quoted(str(cause.token_value))} at column {cause.lex_position}"
    return shortened(str(cause))
