"""Webhooks: the URL that is told of a run, and of which of its events."""

from typing import Annotated, Literal, LiteralString

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError, Url

from wand_orchestrator.contract.events import EventType

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
