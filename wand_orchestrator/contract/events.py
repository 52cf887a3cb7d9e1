"""Events: what happened in a run, numbered from 1 without gaps, the same for REST, SSE, the CLI and a replay."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    field_serializer,
)

Level = Literal["debug", "info", "warning", "error"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""From the least grave to the gravest."""


class EventType(StrEnum):
    RUN_STARTED = "run.started"
    RUN_PAUSED = "run.paused"
    RUN_RESUMED = "run.resumed"
    RUN_BUDGET = "run.budget"
    RUN_CANCELLING = "run.cancelling"
    RUN_SUCCEEDED = "run.succeeded"
    RUN_FAILED = "run.failed"
    RUN_CANCELLED = "run.cancelled"
    RUN_TIMED_OUT = "run.timed_out"
    RUN_TERMINATED = "run.terminated"
    NODE_SCHEDULED = "node.scheduled"
    NODE_RETRYING = "node.retrying"
    NODE_LOG = "node.log"
    NODE_PROGRESS = "node.progress"
    NODE_WAITING = "node.waiting"
    NODE_SUCCEEDED = "node.succeeded"
    NODE_FAILED = "node.failed"
    NODE_HANDLED = "node.handled"
    NODE_SKIPPED = "node.skipped"
    NODE_CANCELLED = "node.cancelled"


RUN_ENDINGS = frozenset(
    {
        EventType.RUN_SUCCEEDED,
        EventType.RUN_FAILED,
        EventType.RUN_CANCELLED,
        EventType.RUN_TIMED_OUT,
        EventType.RUN_TERMINATED,
    }
)
"""A run's last event is one of these, and none of these is anything but the last."""


TURNS = tuple(type for type in EventType if type.startswith("node.") and type not in ("node.log", "node.progress"))
"""In which the state of a node changes."""


def rfc3339(moment: datetime) -> str:
    """Format a moment in UTC with milliseconds, `2026-01-31T12:00:00.000Z`; one without an offset is UTC."""
    utc = in_utc(moment)
    return utc.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def in_utc(moment: datetime) -> datetime:
    """Return the moment in UTC; one without an offset is UTC. Raises ValueError for one that UTC cannot express."""
    if moment.tzinfo is UTC:
        return moment
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the moment has no year of four digits in UTC") from error


Moment = Annotated[datetime, AfterValidator(in_utc)]
"""A moment, in UTC whatever offset it was told with."""

ShownMoment = Annotated[
    datetime, PlainSerializer(rfc3339, when_used="json"), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""A moment as callers get it: UTC, RFC 3339 with milliseconds."""


class Event(BaseModel):
    """An event of a run.

    `progress` is the run's, in percent, for all types but `node.progress`, whose percent is the node's.
    `data` of the end of an attempt: `queued_ms`, `duration_ms`, `worker`; of `node.retrying` and of failures: `error`
    (a `Failure`, without what is null); of `node.retrying` also `next_attempt_at` where it is known; of `node.skipped`,
    and of `node.cancelled` where the run goes on: `reason`. Of the end of a model call: `model`, and its `usage` where
    the provider told it.
    """

    model_config = ConfigDict(frozen=True)

    seq: int = Field(ge=1)
    ts: Moment
    type: EventType
    level: Level = "info"
    message: str = ""
    progress: int = Field(default=0, ge=0, le=100)
    node: str | None = None
    attempt: int | None = None
    data: dict[str, Any] = Field(default_factory=dict)

    @field_serializer("ts", when_used="json")
    def _ts(self, value: datetime) -> str:
        return rfc3339(value)
