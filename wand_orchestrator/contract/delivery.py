"""Deliveries: the messages to webhooks, after the Standard Webhooks specification.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hashlib
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import Url

from wand_orchestrator.contract.events import RUN_ENDINGS, Event
from wand_orchestrator.contract.run_summary import RunSummary
from wand_orchestrator.contract.state import Failure, run_status_after
from wand_orchestrator.contract.webhook import Webhook


class Delivery(BaseModel):
    """One message to one URL: input of the workflow `WebhookDelivery` and of its activity `wand.webhook`."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="The header `webhook-id`, the same for all attempts.")
    url: str
    body: dict[str, Any] = Field(description="`type`, `timestamp` and `data`.")

    @property
    def summary(self) -> str:
        return f"{self.body.get('type')} to {Url(self.url).host}"


def delivery(webhook: Webhook, event: Event, run: RunSummary) -> Delivery:
    """Return the message about an event of a run; `run` is the run as it was before the event.

    The outputs of the run are left out: they may be of any size, and `GET /runs/{id}` gives them.
    """
    said = event.model_dump(mode="json")
    error = event.data.get("error") if event.node is None else None
    told = {
        "status": run_status_after(event.type) or run.status,
        "progress": event.progress,
        "finished_at": event.ts if event.type in RUN_ENDINGS else None,
        "error": None if error is None else Failure.model_validate(error),
    }
    data = run.model_copy(update=told).model_dump(mode="json") | {"event": said}
    body = {"type": said["type"], "timestamp": said["ts"], "data": data}
    return Delivery(id=_message_id(run.run_id, event.seq), url=webhook.url, body=body)


def delivery_workflow_id(run_id: str, seq: int | Literal[""]) -> str:
    """Return the workflow id of the delivery of one event, so that starting it again has no effect.

    Without a seq, what the ids of all deliveries of the run begin with.
    """
    return f"{run_id}.webhook.{seq}"


def _message_id(run_id: str, seq: int) -> str:
    """Follows from the event. Hashed, as a workflow id may hold what a header cannot, and a full stop, which
    separates what is signed."""
    return f"msg_{hashlib.sha256(delivery_workflow_id(run_id, seq).encode()).hexdigest()[:32]}"
