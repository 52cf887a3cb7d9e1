"""`flow.fail`: fails with a code and a message that the graph gives."""

from typing import Any, NoReturn

from pydantic_core import to_json

from wand_orchestrator.contract.bounds import bounded_text
from wand_orchestrator.contract.node import FailureDetails
from wand_orchestrator.graphs.control_nodes import MAX_FAIL_MESSAGE, FailParams
from wand_orchestrator.workflows.control.base import Control, Given, Host, failure
from wand_orchestrator.workflows.patches import patched

PATCH = "fail-message-any"


class Fail(Control):
    def __init__(self, given: Given, host: Host) -> None:
        super().__init__(given, host)
        self._params = FailParams.model_validate(_with_message(given.params))

    async def run(self) -> NoReturn:
        message = self._params.message or f"{self.node.id} ends here"
        told = FailureDetails(details=self._params.details)  # whatever keys the details have, they are not Wand's own
        raise failure(self._params.code, message, told.model_dump(mode="json"))


def _with_message(params: dict[str, Any]) -> dict[str, Any]:
    """Return the params with a message that can be told. A reference may give any value for it, and the code, by which
    others judge the failure, must not be lost for that.
    """
    message = params.get("message", "")
    if (isinstance(message, str) and len(message) <= MAX_FAIL_MESSAGE) or not patched(PATCH):
        return params
    text = message if isinstance(message, str) else "" if message is None else to_json(message).decode()
    return {**params, "message": bounded_text(text, MAX_FAIL_MESSAGE)}
