"""Evaluates the tree of a JMESPath expression within a budget, by jmespath's own interpreter with counters.

What it does not count is what costs nothing: values are shared, not copied, so that `[@, @]` takes a step and a few
bytes however large `@` is. What such a value is as JSON is measured where it is written as JSON: by `to_string`, and at
the end of the evaluation.
"""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportIncompatibleMethodOverride=false
# The stubs of jmespath that pyright brings name neither its inner methods nor the trees that are passed on here.

from collections.abc import Callable
from datetime import datetime
from typing import Any

from jmespath.visitor import Options, TreeInterpreter

from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.graphs.functions.function_calls import FunctionCalls
from wand_orchestrator.graphs.json_values import equal, take_text

Ast = dict[str, Any]

_EQUALITY = frozenset({"eq", "ne"})
_ORDERED: dict[type, type] = {str: str, int: float, float: float}
"""Types that have an order, each with what it can be compared to."""


class Interpreter(TreeInterpreter):  # type: ignore[misc]
    """Interprets one evaluation. Raises Exceeded when the budget is used up."""

    def __init__(self, budget: Budget, now: datetime | None = None) -> None:
        self._calls = FunctionCalls(budget, now)
        super().__init__(Options(custom_functions=self._calls))
        self._budget = budget

    def visit(self, node: Ast, value: Any) -> Any:
        budget = self._budget
        budget.steps -= 1
        if budget.steps < 0:
            budget.extend()
        return _VISITS[node["type"]](self, node, value)

    def visit_comparator(self, node: Ast, value: Any) -> Any:
        """Compare two values by JSON's equality, as jmespath regards true and 1 as equal within lists and objects."""
        kind = node["value"]
        first, second = node["children"]
        left, right = self.visit(first, value), self.visit(second, value)
        if kind in _EQUALITY:
            return equal(left, right, self._budget) is (kind == "eq")
        types = _ORDERED.get(type(left)), _ORDERED.get(type(right))
        if None in types:
            return None
        if types[0] is not types[1]:
            raise TypeError("text and a number have no order")
        if types[0] is str:
            take_text(min(len(left), len(right)), self._budget)
        return self.COMPARATOR_FUNC[kind](left, right)

    def visit_function_expression(self, node: Ast, value: Any) -> Any:
        if node["value"] != "if":
            return super().visit_function_expression(node, value)
        arguments = node["children"]
        return self._calls.choose(
            len(arguments),
            lambda: self._is_true(self.visit(arguments[0], value)),
            lambda index: self.visit(arguments[index], value),
        )

    def visit_multi_select_list(self, node: Ast, value: Any) -> Any:
        self._budget.build_list(len(node["children"]))
        return super().visit_multi_select_list(node, value)

    def visit_multi_select_dict(self, node: Ast, value: Any) -> Any:
        self._budget.build_object(len(node["children"]))
        return super().visit_multi_select_dict(node, value)

    def visit_projection(self, node: Ast, value: Any) -> Any:
        return self._built(super().visit_projection(node, value))

    def visit_value_projection(self, node: Ast, value: Any) -> Any:
        return self._built(super().visit_value_projection(node, value))

    def visit_filter_projection(self, node: Ast, value: Any) -> Any:
        return self._built(super().visit_filter_projection(node, value))

    def visit_flatten(self, node: Ast, value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        length = sum(len(element) if isinstance(element, list) else 1 for element in base)
        self._budget.take(len(base) + length // 4)
        self._budget.build_list(length)
        merged: list[Any] = []
        for element in base:
            merged += element if isinstance(element, list) else (element,)
        return merged

    def visit_slice(self, node: Ast, value: Any) -> Any:
        if not isinstance(value, list):
            return None
        length = len(range(*slice(*node["children"]).indices(len(value))))
        self._budget.take(length // 4)
        self._budget.build_list(length)
        return super().visit_slice(node, value)

    def _built(self, collected: list[Any] | None) -> list[Any] | None:
        """Count the memory of a projection, whose elements took a step each, and return it."""
        if collected is not None:
            self._budget.build_list(len(collected))
        return collected

    def _is_false(self, value: Any) -> bool:
        return value is None or value is False or (isinstance(value, str | list | dict) and not value)


_VISITS: dict[str, Callable[[Interpreter, Ast, Any], Any]] = {
    name.removeprefix("visit_"): getattr(Interpreter, name) for name in dir(Interpreter) if name.startswith("visit_")
}
