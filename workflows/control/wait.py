"""`flow.wait`: a durable timer."""

from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow

from wand_orchestrator.contract.events import rfc3339
from wand_orchestrator.graphs.control_nodes import WaitParams
from wand_orchestrator.workflows.control.base import Control, Given, Host, moment
from wand_orchestrator.workflows.journal import event_texts


class Wait(Control):
    def __init__(self, given: Given, host: Host) -> None:
        super().__init__(given, host)
        params = WaitParams.model_validate(given.params)
        self._until = moment(given.carried) or params.until or workflow.now() + timedelta(seconds=params.seconds or 0)
        self._told = given.carried is not None

    async def run(self) -> dict[str, Any]:
        if not self._told:
            until = rfc3339(_utc(self._until))
            self.host.tell(event_texts.node_waiting(self.node, f"{self.node.id} waits until {until}", {"until": until}))
        remaining = self._until - workflow.now()
        if remaining > timedelta(0):
            await workflow.sleep(remaining, summary=f"{self.node.id} · {self.node.type}")
        return {"until": rfc3339(_utc(self._until))}

    def carry(self) -> str:
        return self._until.isoformat()


def _utc(value: datetime) -> datetime:
    return value.astimezone(workflow.now().tzinfo)
