"""Webhooks: what a run tells a URL that its caller named, after the Standard Webhooks specification.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, LiteralString

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError, Url

from wand_orchestrator.contract.events import RUN_ENDINGS, Event, EventType, rfc3339
from wand_orchestrator.contract.state import Failure, RunStatus, run_status_after

MAX_URL = 2048

WebhookEvent = Literal[
    EventType.RUN_STARTED,
    EventType.RUN_PAUSED,
    EventType.RUN_RESUMED,
    EventType.RUN_CANCELLING,
    EventType.RUN_SUCCEEDED,
    EventType.RUN_FAILED,
    EventType.RUN_CANCELLED,
    EventType.RUN_TIMED_OUT,
    EventType.RUN_TERMINATED,
    EventType.NODE_WAITING,
]
"""Those of the run, and that a node waits for somebody."""

ENDINGS: tuple[WebhookEvent, ...] = (
    EventType.RUN_SUCCEEDED,
    EventType.RUN_FAILED,
    EventType.RUN_CANCELLED,
    EventType.RUN_TIMED_OUT,
    EventType.RUN_TERMINATED,
)


def _sendable(url: str) -> str:
    """Check that messages can be sent to the URL. Raises a PydanticCustomError that does not repeat the URL, which may
    hold secrets.
    """
    try:
        parsed = Url(url)
    except ValueError as error:
        raise _unsendable("it cannot be read as a URL") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise _unsendable("only http and https URLs are sent to")
    if parsed.username or parsed.password:
        raise _unsendable("it holds a user or a password, and the signature tells who sends")
    if not url.isprintable() or " " in url:
        raise _unsendable("it holds white space or control characters")
    return url


def _unsendable(reason: LiteralString) -> PydanticCustomError:
    return PydanticCustomError("webhook_url", reason)


class Webhook(BaseModel):
    """Where to send, and which events of the run."""

    model_config = ConfigDict(frozen=True)

    url: Annotated[str, AfterValidator(_sendable)] = Field(
        max_length=MAX_URL, description="http or https, without credentials. It stands in the run's history."
    )
    events: tuple[WebhookEvent, ...] = Field(
        default=ENDINGS, min_length=1, max_length=20, description="Types of events; without it, the run's end."
    )


class Delivery(BaseModel):
    """One message to one URL: input of the workflow `WebhookDelivery` and of its activity `wand.webhook`."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="The header `webhook-id`, the same for all attempts.")
    url: str
    body: dict[str, Any] = Field(description="`type`, `timestamp` and `data`.")

    @property
    def summary(self) -> str:
        return f"{self.body.get('type')} to {Url(self.url).host}"


@dataclass(frozen=True)
class ToldRun:
    """The part of a run's message that does not come from its event; `retry_of` is the run that it retries."""

    run_id: str
    graph_id: str | None
    name: str
    tags: Sequence[str]
    created_at: datetime | None
    started_at: datetime | None
    retry_of: str | None


def delivery(webhook: Webhook, event: Event, run: ToldRun, status: RunStatus) -> Delivery:
    """Return the message about an event of a run. `status`: the run's, for an event that does not change it.

    The outputs of the run are left out: they may be of any size, and `GET /runs/{id}` gives them.
    """
    said = event.model_dump(mode="json")
    error = event.data.get("error") if event.node is None else None
    data = {
        "run_id": run.run_id,
        "graph_id": run.graph_id,
        "name": run.name,
        "status": run_status_after(event.type) or status,
        "progress": event.progress,
        "created_at": _told(run.created_at or run.started_at),
        "started_at": _told(run.started_at),
        "finished_at": _told(event.ts if event.type in RUN_ENDINGS else None),
        "error": None if error is None else Failure.model_validate(error).model_dump(mode="json"),
        "retry_of": run.retry_of,
        "tags": sorted(run.tags),
        "event": said,
    }
    body = {"type": said["type"], "timestamp": said["ts"], "data": data}
    return Delivery(id=_message_id(run.run_id, event.seq), url=webhook.url, body=body)


def _told(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def delivery_workflow_id(run_id: str, seq: int | Literal[""]) -> str:
    """Return the workflow id of the delivery of one event, so that starting it again has no effect.

    Without a seq, what the ids of all deliveries of the run begin with.
    """
    return f"{run_id}.webhook.{seq}"


def _message_id(run_id: str, seq: int) -> str:
    """Follows from the event. Hashed, as a workflow id may hold what a header cannot, and a full stop, which
    separates what is signed."""
    return f"msg_{hashlib.sha256(delivery_workflow_id(run_id, seq).encode()).hexdigest()[:32]}"
