"""The signals and updates of a run: their names and their arguments."""

from typing import Any

from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.message import Message
from wand_orchestrator.graph import Identifier

SIGNAL_REPORT = "report"
SIGNAL_PAUSE = "pause"
SIGNAL_RESUME = "resume"
UPDATE_SKIP = "skip"
UPDATE_RETRY = "retry"
UPDATE_RESPOND = "respond"
SIGNAL_CHILD_EVENTS = "child_events"
SIGNAL_EVENT = "event"


class Answer(Message):
    """Argument of the update `respond`: the answer to a waiting `flow.approval` node, and who gave it."""

    node: str
    answer: Any = None
    by: str | None = None


class SentEvent(Message):
    """The arguments of the signal `event`: something that happened outside of the run, for a `flow.event` node."""

    name: Identifier
    data: Any = None


class ChildEvents(Message):
    """Argument of the signal `child_events`: what happened in the child run of a node, told by that run."""

    node: str
    run_id: str
    events: tuple[Event, ...]


class NodeAddress(Message):
    """A node of a run; argument of the activity `wand.retry_now`, which ends the wait for a node's next attempt."""

    run_id: str
    node: str


class PausedNode(Message):
    """Argument of the activity `wand.keep_paused`: a node on the task queue `aside`, to be paused on `queue`."""

    run_id: str
    node: str
    aside: str
    queue: str
