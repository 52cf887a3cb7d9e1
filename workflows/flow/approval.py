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

PATCH = "default-answer-fits"

MAX_ECHO = 200
"""Characters of what was given that a refusal repeats."""


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
        misfit = self._misfit(answer.answer)
        return None if misfit is None else Refusal(ANSWER_INVALID, f"the answer {misfit}")

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
        misfit = self._misfit(default.answer)
        if misfit is not None and workflow.patched(PATCH):
            raise failure("invalid_answer", f"nobody answered, and the default answer {misfit}")
        self.host.tell(entries.answered_by_default(self.node, default.answer))
        return default.answer

    def _misfit(self, answer: Any) -> str | None:
        """Why this answer does not fit the schema; None if it does. The words of the library repeat the value."""
        error = best_match(Draft202012Validator(self._params.answer_schema).iter_errors(answer))
        if error is None:
            return None
        where = "/".join(str(part) for part in error.absolute_path)
        return f"does not fit the schema{f' at {_short(where)}' if where else ''}: {_short(error.message)}"


def _short(text: str) -> str:
    return text if len(text) <= MAX_ECHO else f"{text[: MAX_ECHO - 1]}…"
