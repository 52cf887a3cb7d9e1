"""`flow.approval`: waits for somebody's answer."""

from datetime import timedelta
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from temporalio import workflow

from wand_orchestrator.contract import Answer
from wand_orchestrator.flow import FAIL, ApprovalParams
from workflows import entries
from workflows.flow.control import Control, Given, Host, failure, moment
from workflows.refusal import ANSWER_INVALID, WRONG_STATE, Refusal


class Approval(Control):
    def __init__(self, given: Given, host: Host) -> None:
        super().__init__(given, host)
        self._params = ApprovalParams.model_validate(given.params)
        seconds = self._params.timeout_sec
        deadline = None if seconds is None else workflow.now() + timedelta(seconds=seconds)
        self._deadline = moment(given.carried["deadline"]) if given.carried else deadline
        self._told = given.carried is not None
        self._answer: Answer | None = None

    async def run(self) -> Any:
        if not self._told:
            message = self._params.prompt or f"{self.node.id} waits for an answer"
            schema = self._params.answer_schema
            self.host.tell(entries.node_waiting(self.node, message, {"prompt": self._params.prompt, "schema": schema}))
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
        error = best_match(Draft202012Validator(self._params.answer_schema).iter_errors(answer.answer))
        if error is None:
            return None
        where = "/".join(str(part) for part in error.absolute_path)
        message = f"the answer does not fit the schema{f' at {where}' if where else ''}: {error.message}"
        return Refusal(ANSWER_INVALID, message)

    def respond(self, answer: Answer) -> None:
        self._answer = answer
        self.host.tell(entries.node_answered(self.node, answer))

    def carry(self) -> dict[str, Any]:
        return {"deadline": self._deadline.isoformat() if self._deadline else None}

    @property
    def busy(self) -> bool:
        return self._answer is not None

    def _remaining(self) -> timedelta | None:
        """A timeout of zero would be no wait at all for the SDK."""
        return None if self._deadline is None else max(timedelta(milliseconds=1), self._deadline - workflow.now())

    def _no_answer(self) -> Any:
        default = self._params.on_timeout
        if default == FAIL:
            raise failure("approval_timeout", f"nobody answered within {self._params.timeout_sec:g} s")
        self.host.tell(entries.answered_by_default(self.node, default.answer))
        return default.answer
