"""Defines the `data` of events by their type, as callers of the API are told it.

Keys that are not required are left out where they are not known; further ones may come.
"""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from wand_orchestrator.contract.events import EventType
from wand_orchestrator.contract.state import Raised


class EventFailure(TypedDict):
    """Why a node or a run failed; `code` is stable, `message` is one sentence."""

    code: str
    message: str
    node: NotRequired[str]
    details: NotRequired[Any]
    worker: NotRequired[str]
    exception: NotRequired[Raised]


class AnyEventData(TypedDict):
    """Whatever the event tells besides."""


class RunPausedData(TypedDict):
    """`held`: nodes that failed and hold the run; `budget`: why, if a budget is used up."""

    held: list[str]
    budget: NotRequired[str]


class RunBudgetData(TypedDict):
    """`budget`: the new one; `of`: the node that it belongs to, null for the run."""

    budget: dict[str, Any]
    of: str | None


class RunFailedData(TypedDict):
    error: EventFailure


class AttemptEndData(TypedDict, total=False):
    """How an attempt ended: milliseconds until it began and of its work, `host:pid` of the worker; of a model call what
    it used.
    """

    queued_ms: int
    duration_ms: int
    worker: str
    usage: dict[str, Any]


class NodeRetryingData(AttemptEndData, total=False):
    error: EventFailure
    next_attempt_at: str


class NodeFailedData(AttemptEndData, total=False):
    error: EventFailure


class NodeSucceededData(AttemptEndData, total=False):
    """`text`: what the agent emitted and returned; of a longer one `text_at`, its JSON Pointer in the output. `kept`:
    it had succeeded in the run that this one retries.
    """

    text: str
    text_at: str
    kept: bool


class NodeWaitingData(TypedDict, total=False):
    """What is asked, and in which run: of an approval `prompt` and `schema`, of an event `event`, `count` and `schema`,
    of a wait `until`; in a child run its `run_id`, and `node` there.
    """

    prompt: str
    schema: Any
    event: str
    count: int
    until: str
    run_id: str
    node: str


class NodeReasonData(TypedDict, total=False):
    reason: str | None


EVENT_DATA: dict[EventType, type[Any]] = {
    **dict.fromkeys(EventType, AnyEventData),
    EventType.RUN_PAUSED: RunPausedData,
    EventType.RUN_BUDGET: RunBudgetData,
    EventType.RUN_FAILED: RunFailedData,
    EventType.RUN_TIMED_OUT: RunFailedData,
    EventType.RUN_TERMINATED: RunFailedData,
    EventType.NODE_RETRYING: NodeRetryingData,
    EventType.NODE_WAITING: NodeWaitingData,
    EventType.NODE_SUCCEEDED: NodeSucceededData,
    EventType.NODE_FAILED: NodeFailedData,
    EventType.NODE_SKIPPED: NodeReasonData,
    EventType.NODE_CANCELLED: NodeReasonData,
}
