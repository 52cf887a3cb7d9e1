"""The state of a run, folded from its events.

The journal is the one source: the workflow folds as it appends, the API folds an archived run, `wand run --watch` folds
what SSE brings. So all show the same.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, field_serializer

from wand_orchestrator.contract.events import RUN_ENDINGS, Event, EventType, rfc3339
from wand_orchestrator.contract.model_call import Usage, UsageTotal


class RunStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    TERMINATED = "terminated"

    @property
    def ended(self) -> bool:
        return self not in _OPEN


_OPEN = frozenset({RunStatus.PENDING, RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.CANCELLING})


class NodeStatus(StrEnum):
    PENDING = "pending"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    RETRYING = "retrying"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def settled(self) -> bool:
        return self in _SETTLED


_SETTLED = frozenset({NodeStatus.SUCCEEDED, NodeStatus.FAILED, NodeStatus.SKIPPED, NodeStatus.CANCELLED})


class Frame(BaseModel):
    """A line of an agent's code that was being executed; `file` is relative to the folder of its top-level package."""

    file: str
    line: int
    function: str


class Cause(BaseModel):
    """An exception behind another: what it was raised `from` (cause), what was being handled when it was raised
    (context), or a part of an ExceptionGroup."""

    relation: Literal["cause", "context", "part"]
    type: str
    message: str
    frames: tuple[Frame, ...] = ()


class Raised(BaseModel):
    """The exception that an attempt failed of. The frames are those of the agent's own code, the innermost one last."""

    type: str = Field(description="Its class, with the module.")
    frames: tuple[Frame, ...] = ()
    causes: tuple[Cause, ...] = Field(default=(), description="Each is followed by its own causes and parts.")
    more_causes: int = Field(default=0, description="Those that found no place.")


class Failure(BaseModel):
    """Why a node or a run failed; `code` is stable, `message` is one sentence."""

    code: str
    message: str
    node: str | None = None
    details: Any = None
    worker: str | None = Field(default=None, description="Where it happened: `host:pid` of the worker, if known.")
    exception: Raised | None = Field(default=None, description="Null where no exception was raised, as for timeouts.")

    @property
    def sentence(self) -> str:
        """The failure as a sentence, with the exception's type in front, such as `KeyError: 'city'`, if nobody wrote
        the message for readers.
        """
        unnamed = self.exception is not None and self.exception.type.rpartition(".")[2] == self.code != self.message
        return f"{self.code}: {self.message}" if unnamed else self.message


class Timed(BaseModel):
    @field_serializer("*", when_used="json", check_fields=False)
    def _milliseconds(self, value: Any) -> Any:
        return rfc3339(value) if isinstance(value, datetime) else value


class NodeState(Timed):
    """The state of a node. Moments are in UTC; `percent` is what the agent reported last; `handled` is true if the node
    failed and an edge on failure was taken; `usage`: of the model calls of the node and of all parts of it, child runs
    among them, null if there were none."""

    status: NodeStatus = NodeStatus.PENDING
    attempt: int = 0
    scheduled_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    percent: int | None = None
    error: Failure | None = None
    handled: bool = False
    usage: UsageTotal | None = None


class Question(BaseModel):
    """A node that waits for something from outside: an approval for its answer, or, with `event`, for an event of that
    name. `run_id`: the child run that it is in; None for a node of the run itself."""

    run_id: str | None = None
    node: str
    event: str | None = None


class PausedChild(BaseModel):
    """A child run that is paused. `held`: its nodes that failed and hold it, if it was not paused by somebody."""

    run_id: str
    held: tuple[str, ...] = ()


class RunState(Timed):
    """The state of a run. `last_seq` is that of the last folded event; `progress` is a whole percent that never falls
    and is 100 only at the end.

    `questions`: open approvals in child runs, and nodes that wait for events, by the node or part that waits.
    `paused_children`: by the node or part that runs them. `usage`: of all model calls, those of child runs among them.
    `exceeded`: while the run is paused because a budget is used up, which one and how.
    """

    status: RunStatus = RunStatus.PENDING
    progress: int = 0
    nodes: dict[str, NodeState] = Field(default_factory=dict)
    error: Failure | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    last_seq: int = 0
    questions: dict[str, Question] = Field(default_factory=dict)
    paused_children: dict[str, PausedChild] = Field(default_factory=dict)
    usage: UsageTotal | None = None
    exceeded: str | None = None


def node_of(part: str) -> str:
    """Return the control node that this id is a part of."""
    return part.partition("/")[0].partition("[")[0]


def is_part(name: str) -> bool:
    """Return whether the id is that of a part of a node; no node's own id contains these characters."""
    return "[" in name or "/" in name


def wholes_of(name: str) -> list[str]:
    """Return what this is a part of, the outermost first: of `m[3][0]` these are `m` and `m[3]`."""
    return [name[:place] for place, character in enumerate(name) if character in "[/"]


def parts_of(state: RunState, node: str) -> dict[str, NodeState]:
    """Return the parts of a control node in the order of their start: items of a map, rounds of a repeat, nodes of
    child runs.
    """
    return {name: known for name, known in state.nodes.items() if name.startswith((f"{node}[", f"{node}/"))}


_RUN_STATUS = {
    EventType.RUN_STARTED: RunStatus.RUNNING,
    EventType.RUN_PAUSED: RunStatus.PAUSED,
    EventType.RUN_RESUMED: RunStatus.RUNNING,
    EventType.RUN_CANCELLING: RunStatus.CANCELLING,
    EventType.RUN_SUCCEEDED: RunStatus.SUCCEEDED,
    EventType.RUN_FAILED: RunStatus.FAILED,
    EventType.RUN_CANCELLED: RunStatus.CANCELLED,
    EventType.RUN_TIMED_OUT: RunStatus.TIMED_OUT,
    EventType.RUN_TERMINATED: RunStatus.TERMINATED,
}

_NODE_STATUS = {
    EventType.NODE_SCHEDULED: NodeStatus.SCHEDULED,
    EventType.NODE_RETRYING: NodeStatus.RETRYING,
    EventType.NODE_WAITING: NodeStatus.WAITING,
    EventType.NODE_SUCCEEDED: NodeStatus.SUCCEEDED,
    EventType.NODE_FAILED: NodeStatus.FAILED,
    EventType.NODE_SKIPPED: NodeStatus.SKIPPED,
    EventType.NODE_CANCELLED: NodeStatus.CANCELLED,
}


_OF_THE_AGENT = (EventType.NODE_LOG, EventType.NODE_PROGRESS)
"""What their data mean is for the agent to say: `error` is a key like any other there."""

_ENDS_OF_ATTEMPTS = (EventType.NODE_SUCCEEDED, EventType.NODE_FAILED, EventType.NODE_RETRYING)

_LONGEST_MS = 100 * 365 * 86_400_000


def run_status_after(type: EventType) -> RunStatus | None:
    """Return the status that an event of this type gives its run; None if it does not change it."""
    return _RUN_STATUS.get(type)


def node_status_after(type: EventType) -> NodeStatus | None:
    """Return the status that an event of this type gives its node; None if it does not change it."""
    return _NODE_STATUS.get(type)


def asks_person(event: Event) -> bool:
    """Return whether a node of the run itself begins to wait for a person's answer. One of a child run is told by that
    run, too.
    """
    mine = event.node is not None and "/" not in event.node
    return mine and event.type is EventType.NODE_WAITING and "schema" in event.data and "event" not in event.data


def fold(state: RunState, event: Event) -> None:
    """Fold one event into `state`; events must come in the order of `seq`."""
    state.last_seq = event.seq
    if event.node is not None:
        node = state.nodes.get(event.node)
        if node is None:
            node = state.nodes[event.node] = NodeState()
        _fold_node(node, event)
        _fold_question(state, event.node, node, event)
        _fold_child(state, event.node, node, event)
        _fold_usage(state, event.node, event)
        if event.type is EventType.NODE_PROGRESS:
            return
    else:
        _fold_run(state, event)
    state.progress = max(state.progress, event.progress)


def _fold_run(state: RunState, event: Event) -> None:
    state.status = _RUN_STATUS.get(event.type, state.status)
    if event.type in _RUN_STATUS:
        state.exceeded = _text_in(event, "budget") if event.type is EventType.RUN_PAUSED else None
    if event.type is EventType.RUN_STARTED:
        state.started_at = event.ts
    elif event.type in RUN_ENDINGS:
        state.finished_at = event.ts
        state.error = _failure_in(event) or state.error


def _failure_in(event: Event) -> Failure | None:
    """The failure that the event tells of. An event of a child run comes by a signal, and may hold anything."""
    try:
        return Failure.model_validate(event.data["error"]) if "error" in event.data else None
    except ValidationError:
        return None


def _text_in(event: Event, key: str) -> str | None:
    value = event.data.get(key)
    return value if isinstance(value, str) else None


def _fold_question(state: RunState, name: str, node: NodeState, event: Event) -> None:
    if node.status is not NodeStatus.WAITING:
        state.questions.pop(name, None)
    elif event.type is EventType.NODE_WAITING and "schema" in event.data:
        child, awaited = _text_in(event, "run_id"), _text_in(event, "event")
        if child is not None or awaited is not None or is_part(name):
            state.questions[name] = Question(run_id=child, node=_text_in(event, "node") or name, event=awaited)


def _fold_child(state: RunState, name: str, node: NodeState, event: Event) -> None:
    status = _text_in(event, "run_status") if event.attempt is None else None  # an agent's own line has an attempt
    if status == RunStatus.PAUSED:
        held = event.data.get("held")
        names = tuple(node for node in held if isinstance(node, str)) if isinstance(held, list | tuple) else ()
        state.paused_children[name] = PausedChild(run_id=_text_in(event, "run_id") or "", held=names)
    elif status is not None or node.status.settled:
        state.paused_children.pop(name, None)


def _fold_usage(state: RunState, name: str, event: Event) -> None:
    usage = usage_in(event)
    if usage is None:
        return
    state.usage = (state.usage or UsageTotal()).plus(usage)
    for whole in (*wholes_of(name), name):
        if (node := state.nodes.get(whole)) is not None:
            node.usage = (node.usage or UsageTotal()).plus(usage)


def usage_in(event: Event) -> Usage | None:
    """Return what the model call used whose attempt this event ends; None for any other event."""
    if "usage" not in event.data or event.type not in _ENDS_OF_ATTEMPTS:
        return None
    try:
        return Usage.model_validate(event.data["usage"])
    except ValidationError:
        return None


def _fold_node(node: NodeState, event: Event) -> None:
    node.status = _NODE_STATUS.get(event.type, node.status)
    if event.attempt is not None:
        node.attempt = max(node.attempt, event.attempt)
    if event.type is EventType.NODE_SCHEDULED:
        node.scheduled_at, node.started_at, node.finished_at, node.error = event.ts, None, None, None
        node.handled = False
    elif event.type is EventType.NODE_HANDLED:
        node.handled = True
    elif event.type is EventType.NODE_PROGRESS:
        node.percent = event.progress
    elif node.status.settled and node.finished_at is None:
        node.finished_at = event.ts
        duration = event.data.get("duration_ms")
        if isinstance(duration, int | float) and 0 <= duration <= _LONGEST_MS:
            with suppress(OverflowError):  # it ended in the first year of all
                node.started_at = event.ts - timedelta(milliseconds=duration)
    if event.type not in _OF_THE_AGENT:
        node.error = _failure_in(event) or node.error
