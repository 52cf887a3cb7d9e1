"""Calls functions within the budget of an evaluation: those of the table, and jmespath's own ones among them.

`Options(custom_functions=…)` is how jmespath lets functions be given.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.graphs.functions import FUNCTIONS
from wand_orchestrator.graphs.functions.function import Call
from wand_orchestrator.graphs.functions.standard import STEPS_OF_A_CALL, StandardFunctions


class FunctionCalls:
    """Calls the functions of one evaluation."""

    def __init__(self, budget: Budget, now: datetime | None = None) -> None:
        self._call = Call(budget, now)
        self._standard = StandardFunctions(budget)

    def call_function(self, function_name: str, resolved_args: list[Any]) -> Any:
        function = FUNCTIONS.get(function_name)
        if function is None or function.run is None:
            return self._standard.call_function(function_name, resolved_args)
        self._call.budget.take(STEPS_OF_A_CALL)
        return function(self._call, resolved_args)

    def choose(self, given: int, is_true: Callable[[], bool], argument: Callable[[int], Any]) -> Any:
        """Evaluate `if(…)` with so many arguments; only the chosen one is evaluated."""
        if (wrong := FUNCTIONS["if"].signature.wrong_count(given)) is not None:
            raise ValueError(wrong)
        self._call.budget.take(STEPS_OF_A_CALL)
        if is_true():
            return argument(1)
        return argument(2) if given == 3 else None
