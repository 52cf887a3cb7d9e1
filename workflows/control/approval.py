"""`flow.approval`: waits for somebody's answer."""

from typing import Any

from wand_orchestrator.contract.codes import ANSWER_INVALID, WRONG_STATE
from wand_orchestrator.contract.steering import Answer
from wand_orchestrator.graphs.control_node import DefaultAnswer
from wand_orchestrator.graphs.control_nodes import ApprovalParams
from wand_orchestrator.workflows.control.awaiting_control import AwaitingControl
from wand_orchestrator.workflows.control.base import Given, Host, Refusal, failure
from wand_orchestrator.workflows.journal import event_texts


class Approval(AwaitingControl):
    noun = "the answer"

    def __init__(self, given: Given, host: Host) -> None:
        self._params = ApprovalParams.model_validate(given.params)
        super().__init__(given, host, self._params)
        self._answer: Answer | None = None

    async def run(self) -> Any:
        if not self._goes_on:
            self.host.tell(event_texts.node_waiting(self.node, self.asks, self.question()))
        if not await self._comes(lambda: self._answer is not None, "answer"):
            return self._no_answer()
        assert self._answer is not None
        return self._answer.answer

    def question(self) -> dict[str, Any]:
        """Return what is asked, the data of its event."""
        return {"prompt": self._params.prompt, "schema": self._params.answer_schema}

    @property
    def asks(self) -> str:
        return self._params.prompt or f"{self.node.id} waits for an answer"

    def refuse(self, answer: Answer) -> Refusal | None:
        """Return why this answer cannot be accepted; None if it can."""
        if self._answer is not None:
            return Refusal(WRONG_STATE, f"node {self.node.id} has been answered already")
        reason = self.misfit(answer.answer)
        if reason is None:
            return None
        return Refusal(ANSWER_INVALID, f"the answer does not fit the schema: {reason}")

    def respond(self, answer: Answer) -> None:
        self._answer = answer
        self.host.tell(event_texts.node_answered(self.node, answer))

    @property
    def busy(self) -> bool:
        return self._answer is not None

    def _no_answer(self) -> Any:
        default = self._params.on_timeout
        if not isinstance(default, DefaultAnswer):
            raise failure("approval_timeout", f"nobody answered within {self._params.timeout_sec:g} s")
        self.host.tell(event_texts.answered_by_default(self.node, default.answer))
        return default.answer
