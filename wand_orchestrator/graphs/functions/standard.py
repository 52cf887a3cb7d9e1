"""Bounds JMESPath's own functions: each takes from the budget of its evaluation, and none returns what is not JSON."""

# pyright: reportAttributeAccessIssue=false, reportIncompatibleMethodOverride=false
# The stubs of jmespath that pyright brings name neither its inner methods nor the trees that are passed on here.

import math
from collections.abc import Callable
from typing import Any

from jmespath import functions
from jmespath.exceptions import JMESPathTypeError

from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.graphs.json_values import NotJson, equal, take_text
from wand_orchestrator.graphs.written_json import json_text

_FREE = frozenset({"length", "type", "not_null", "to_array", "to_string", "contains", "to_number"})
"""Functions that take as long for a long list as for a short one, or count by themselves."""

_SORTING = frozenset({"sort", "sort_by"})
_COMPARING = frozenset({"sort", "max", "min", "join"})
"""Functions that look into every text of a list."""

STEPS_OF_A_CALL = 4
"""A call takes as long as some four visits, as its arguments are checked."""

_CHARACTERS_PER_NUMBER_STEP = 16
"""Python reads a number in time quadratic in its digits, of which it takes 4,300."""


class StandardFunctions(functions.Functions):  # type: ignore[misc]
    """Calls JMESPath's own functions for one evaluation."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def call_function(self, function_name: str, resolved_args: list[Any]) -> Any:
        self._budget.take(STEPS_OF_A_CALL)
        if function_name not in _FREE:
            for argument in resolved_args:
                self._take(function_name, argument)
        result = super().call_function(function_name, resolved_args)
        if all(result is not argument for argument in resolved_args):
            if isinstance(result, list):
                self._budget.build_list(len(result))
            elif isinstance(result, float) and not math.isfinite(result):
                raise NotJson(f"{function_name}() gives {result}, and JSON has no such number")
        return result

    def _take(self, name: str, argument: Any) -> None:
        """Take the steps of a function that reads its whole argument."""
        if isinstance(argument, list | dict):
            self._budget.take(len(argument) * (1 + len(argument).bit_length() // 4 if name in _SORTING else 1))
        if isinstance(argument, list) and name in _COMPARING:
            take_text(sum(len(each) for each in argument if isinstance(each, str)), self._budget)
        elif isinstance(argument, str):
            take_text(len(argument), self._budget)

    @functions.signature({"types": ["array", "string"]}, {"types": []})  # type: ignore[untyped-decorator]
    def _func_contains(self, subject: Any, search: Any) -> bool:
        if isinstance(subject, list):
            for element in subject:
                self._budget.take(2)
                if equal(element, search, self._budget):
                    return True
            return False
        if not isinstance(search, str):
            raise JMESPathTypeError("contains", search, self._named(search), ["string"])
        self._budget.take(len(subject) * min(len(search), 64) // 256)
        return search in subject

    @functions.signature({"types": ["string"]}, {"types": ["array-string"]})  # type: ignore[untyped-decorator]
    def _func_join(self, separator: str, array: list[str]) -> str:
        self._budget.build_text(sum(map(len, array)) + len(separator) * max(0, len(array) - 1))
        return separator.join(array)

    @functions.signature({"types": ["array", "string"]})  # type: ignore[untyped-decorator]
    def _func_reverse(self, arg: Any) -> Any:
        if isinstance(arg, str):
            self._budget.build_text(len(arg))
        return arg[::-1]

    @functions.signature({"types": ["object"], "variadic": True})  # type: ignore[untyped-decorator]
    def _func_merge(self, *arguments: dict[str, Any]) -> dict[str, Any]:
        self._budget.build_object(sum(map(len, arguments)))
        merged: dict[str, Any] = super()._func_merge(*arguments)
        return merged

    @functions.signature({"types": []})  # type: ignore[untyped-decorator]
    def _func_to_string(self, arg: Any) -> str:
        if isinstance(arg, str):
            return arg
        return json_text(arg, self._budget, ascii=True)

    @functions.signature({"types": []})  # type: ignore[untyped-decorator]
    def _func_to_number(self, arg: Any) -> Any:
        """Return null for `inf` and `nan`, which Python parses and JSON does not have."""
        if isinstance(arg, str):
            self._budget.take(len(arg) // _CHARACTERS_PER_NUMBER_STEP)
        number = super()._func_to_number(arg)
        return None if isinstance(number, float) and not math.isfinite(number) else number

    def _create_key_func(self, expref: Any, allowed_types: list[str], function_name: str) -> Callable[[Any], Any]:
        key = super()._create_key_func(expref, allowed_types, function_name)

        def counted(element: Any) -> Any:
            result = key(element)
            if isinstance(result, str):
                take_text(len(result) * 8, self._budget)
            return result

        return counted

    def _named(self, value: Any) -> str:
        return str(self._convert_to_jmespath_type(type(value).__name__))
