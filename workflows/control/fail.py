"""`flow.fail`: fails with a code and a message that the graph gives."""

from typing import NoReturn

from wand_orchestrator.contract.node import FailureDetails
from wand_orchestrator.graphs.control_nodes import FailParams
from wand_orchestrator.workflows.control.base import Control, Given, Host, failure


class Fail(Control):
    def __init__(self, given: Given, host: Host) -> None:
        super().__init__(given, host)
        self._params = FailParams.model_validate(given.params)

    async def run(self) -> NoReturn:
        message = self._params.message or f"{self.node.id} ends here"
        told = FailureDetails(details=self._params.details)  # whatever keys the details have, they are not Wand's own
        raise failure(self._params.code, message, told.model_dump(mode="json"))
