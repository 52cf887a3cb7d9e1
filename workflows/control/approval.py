"""`flow.approval`: waits for somebody's answer."""

from datetime import timedelta
from typing import Any

from temporalio import workflow

from wand_orchestrator.contract.codes import ANSWER_INVALID, WRONG_STATE
from wand_orchestrator.contract.steering import Answer
from wand_orchestrator.graphs.control_nodes import FAIL, ApprovalParams, DefaultAnswer
from wand_orchestrator.validation.json_schema import Schema, UnusableSchema
from wand_orchestrator.validation.schema_errors import first_misfit
from wand_orchestrator.workflows.control.base import (
    Control,
    Given,
    Host,
    Refusal,
    failure,
    moment,
)
from wand_orchestrator.workflows.journal import event_texts

PATCH = "default-answer-fits"


class Approval(Control):
    def __init__(self, given: Given, host: Host) -> None:
        super().__init__(given, host)
        self._params = ApprovalParams.model_validate(given.params)
        self._schema = _usable(self._params.answer_schema)
        default = self._params.on_timeout
        misfit = self._misfit(default.answer) if isinstance(default, DefaultAnswer) else None
        if misfit is not None and workflow.patched(PATCH):
            raise failure("invalid_answer", f"the default answer does not fit the schema: {misfit}")
        seconds = self._params.timeout_sec
        deadline = None if seconds is None else workflow.now() + timedelta(seconds=seconds)
        self._deadline = moment(given.carried["deadline"]) if given.carried else deadline
        self._told = given.carried is not None
        self._answer: Answer | None = None

    async def run(self) -> Any:
        if not self._told:
            message = self._params.prompt or f"{self.node.id} waits for an answer"
            schema = self._params.answer_schema
            self.host.tell(
                event_texts.node_waiting(self.node, message, {"prompt": self._params.prompt, "schema": schema})
            )
        try:
            await workflow.wait_condition(
                lambda: self._answer is not None, timeout=self._remaining(), timeout_summary=f"{self.node.id} · answer"
            )
        except TimeoutError:
            return self._no_answer()
        assert self._answer is not None
        return self._answer.answer

    def refuse(self, answer: Answer) -> Refusal | None:
        """Why this answer cannot be taken; None if it can."""
        if self._answer is not None:
            return Refusal(WRONG_STATE, f"node {self.node.id} has been answered already")
        reason = self._misfit(answer.answer)
        if reason is None:
            return None
        return Refusal(ANSWER_INVALID, f"the answer does not fit the schema: {reason}")

    def respond(self, answer: Answer) -> None:
        self._answer = answer
        self.host.tell(event_texts.node_answered(self.node, answer))

    def carry(self) -> dict[str, Any]:
        return {"deadline": self._deadline.isoformat() if self._deadline else None}

    @property
    def busy(self) -> bool:
        return self._answer is not None

    def _misfit(self, answer: Any) -> str | None:
        try:
            return first_misfit(self._schema.errors(answer), "the answer")
        except UnusableSchema as reason:
            return str(reason)

    def _remaining(self) -> timedelta | None:
        """A timeout of zero would be no wait at all for the SDK."""
        return None if self._deadline is None else max(timedelta(milliseconds=1), self._deadline - workflow.now())

    def _no_answer(self) -> Any:
        default = self._params.on_timeout
        if default == FAIL:
            raise failure("approval_timeout", f"nobody answered within {self._params.timeout_sec:g} s")
        self.host.tell(event_texts.answered_by_default(self.node, default.answer))
        return default.answer


def _usable(schema: dict[str, Any]) -> Schema:
    """A schema that comes by `$input` is seen here for the first time."""
    try:
        return Schema(schema)
    except UnusableSchema as reason:
        raise failure("invalid_params", f"params: `schema` cannot be used: {reason}") from reason
