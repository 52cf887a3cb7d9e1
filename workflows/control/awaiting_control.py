"""Defines what control nodes that wait for something from outside have in common: a schema, a deadline, a default."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio import workflow

from wand_orchestrator.graphs.control_node import Awaiting, DefaultAnswer
from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.validation.json_schema import Schema, UnusableSchema
from wand_orchestrator.validation.schema_errors import first_misfit
from wand_orchestrator.workflows.control.base import Control, Given, Host, failure, moment
from wand_orchestrator.workflows.patches import patched

PATCH = "default-answer-fits"


class AwaitingControl(Control):
    """Waits for something from outside of the run. `noun`: what that is, for messages about its schema."""

    noun: str

    def __init__(self, given: Given, host: Host, params: Awaiting) -> None:
        super().__init__(given, host)
        self._awaiting = params
        self._schema = _usable(params.answer_schema)
        misfit = self._misfit_of_default()
        if misfit is not None and patched(PATCH):
            raise failure("invalid_answer", f"the default answer does not fit the schema: {misfit}")
        carried = given.carried or {}
        seconds = params.timeout_sec
        deadline = None if seconds is None else workflow.now() + timedelta(seconds=seconds)
        self._goes_on = "deadline" in carried
        self._deadline = moment(carried["deadline"]) if self._goes_on else deadline

    def carry(self) -> dict[str, Any]:
        return {"deadline": self._deadline.isoformat() if self._deadline else None}

    def misfit(self, value: Any, budget: Budget | None = None) -> str | None:
        """Return why the value does not fit the schema; None if it does."""
        try:
            return first_misfit(self._schema.errors(value, budget), self.noun)
        except UnusableSchema as reason:
            return str(reason)

    async def _comes(self, has_come: Callable[[], bool], summary: str) -> bool:
        """Wait for it; return False if the deadline passes first."""
        try:
            await workflow.wait_condition(
                has_come, timeout=self._remaining(), timeout_summary=f"{self.node.id} · {summary}"
            )
        except TimeoutError:
            return False
        return True

    def _misfit_of_default(self) -> str | None:
        default = self._awaiting.on_timeout
        return self.misfit(default.answer) if isinstance(default, DefaultAnswer) else None

    def _remaining(self) -> timedelta | None:
        """Return the time left, at least a millisecond: the SDK does not wait at all with a timeout of zero."""
        return None if self._deadline is None else max(timedelta(milliseconds=1), self._deadline - workflow.now())


def _usable(schema: dict[str, Any]) -> Schema:
    """Return the schema. Raises ApplicationError `invalid_params`; one that comes by a reference was not validated
    before.
    """
    try:
        return Schema(schema)
    except UnusableSchema as reason:
        raise failure("invalid_params", f"params: `schema` cannot be used: {reason}") from reason
