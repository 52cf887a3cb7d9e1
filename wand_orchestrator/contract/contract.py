"""What the workflow, the workers and the API agree on: names and shapes that cross a process, each standing once.

Names can be used as they are from the `temporal` CLI and the Temporal Web UI.
"""

import hashlib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from temporalio.common import SearchAttributeKey

from wand_orchestrator.contract.events import Event, Level, Moment
from wand_orchestrator.contract.node_table import NodeTable
from wand_orchestrator.contract.state import Failure, NodeState, Question, Raised, RunState
from wand_orchestrator.contract.tags import Tags
from wand_orchestrator.contract.webhook import Webhook
from wand_orchestrator.graph import Graph

DEFAULT_TASK_QUEUE = "wand"
"""Task queue of the core worker: it runs the workflows and, by default, the agents."""

WORKFLOW_GRAPH_RUN = "GraphRun"
QUERY_STATE = "state"
QUERY_PARTS = "parts"
QUERY_TABLE = "table"
QUERY_EVENTS = "events"
QUERY_PROGRESS = "progress"
SIGNAL_REPORT = "report"
SIGNAL_PAUSE = "pause"
SIGNAL_RESUME = "resume"
UPDATE_SKIP = "skip"
UPDATE_RETRY = "retry"
UPDATE_RESPOND = "respond"
SIGNAL_CHILD_EVENTS = "child_events"
ACTIVITY_OPEN = "wand.open"
ACTIVITY_ARCHIVE = "wand.archive"
ACTIVITY_NEXT_TASK = "wand.next_task"
ACTIVITY_RETRY_NOW = "wand.retry_now"
ACTIVITY_OUTPUTS = "wand.outputs"
ACTIVITY_IN_FLIGHT = "wand.in_flight"
ACTIVITY_HOLD = "wand.hold"

WORKFLOW_RUN_DELETION = "RunDeletion"
ACTIVITY_DELETE = "wand.delete"

WORKFLOW_WEBHOOK_DELIVERY = "WebhookDelivery"
ACTIVITY_WEBHOOK = "wand.webhook"

WAND_GRAPH = SearchAttributeKey.for_keyword("WandGraph")
WAND_GRAPH_ID = SearchAttributeKey.for_keyword("WandGraphId")
WAND_TAGS = SearchAttributeKey.for_keyword_list("WandTags")
WAND_STATUS = SearchAttributeKey.for_keyword("WandStatus")
SEARCH_ATTRIBUTES = (WAND_GRAPH, WAND_GRAPH_ID, WAND_STATUS, WAND_TAGS)

EXTERN_OUTPUT = "wand_output"
"""Extern function of the workflow, `output(node, value)`: takes the output of every node, in a replay that was
made for them."""

EXTERN_DONE = "wand_done"
"""Extern function of the workflow, `done(node, say)`: takes for every control node that begins the function that says
what it has done, in the same replay."""

DONE_PREFIX = "$done."
"""In the result of the activity `wand.outputs`, before the id of a node that has no output: what it had done."""

TOO_SLOW = "too_slow"
"""Code of the failure of a local activity that was stopped because it is not as short as it was declared to be."""

LOCAL_PAYLOAD_BYTES = 64 * 1024
"""A node with a larger input runs as a regular activity; a larger result of a local one is kept out of the history."""

MAX_INPUT_BYTES = 64 * 1024**2
"""Of what all edges of a node map into its input together, as JSON: a workflow holds it in memory until the node
starts, and writes it within the 2 s that a step of it may take."""

MAX_RESULT_BYTES = 64 * 1024**2
"""Of the outputs of all sinks of a run together, for the same reasons."""

PLAIN_INPUT_BYTES = 1_900_000
"""Of input and params of a node with a `queue`: its worker may be anybody's and has no payload store, so they stand in
the history itself, where Temporal takes 2 MB (`limit.blobSize.error`)."""

EXTERN_VOICE = "wand_voice"
"""Extern function of the workflow: `voice(run_id, execution)` gives `say(task, event)`, by which a relay in the same
process hears of every event. See `wand_orchestrator.temporal.event_feed`."""


OWN_ACTIVITY = "$"
"""Ids of activities that a run has done for itself begin so; no node can have such an id."""


def webhook_queue(task_queue: str) -> str:
    """Task queue of webhooks, beside that of the core worker: a receiver that hangs holds up no agent."""
    return f"{task_queue}.webhooks"


WORKER_QUEUE_PREFIX = "wand.worker."


def worker_queue(queue: str, id: str) -> str:
    """Task queue that one worker of `queue` alone polls. The heartbeats of its agents tell it: they can go on there."""
    return f"{_own_queues(queue)}{id}"


def is_served_by(worker_queue: str, queue: str) -> bool:
    """Whether the one worker of `worker_queue` is among those of `queue`."""
    return worker_queue.startswith(_own_queues(queue))


def _own_queues(queue: str) -> str:
    """What the names of the workers' own queues begin with; a digest, as a queue's name may be long."""
    return f"{WORKER_QUEUE_PREFIX}{hashlib.sha256(queue.encode()).hexdigest()[:16]}."


Attempt = Annotated[int, Field(ge=0, le=2**31 - 1)]
Milliseconds = Annotated[int, Field(ge=0, le=2**41)]
"""Some 70 years at most: whoever counts back from a moment comes to another one."""

WorkerName = Annotated[str, Field(max_length=1000)]


class Message(BaseModel):
    """Immutable, and tolerant of fields that a newer peer adds."""

    model_config = ConfigDict(frozen=True)


class RunParent(Message):
    run_id: str
    node: str


class RetryOf(Message):
    """The ended run that a run goes on from; argument of the activity `wand.outputs`."""

    run_id: str
    from_nodes: tuple[str, ...] = Field(
        default=(), alias="from", description="Nodes that run again although they had succeeded, with all after them."
    )

    model_config = ConfigDict(frozen=True, populate_by_name=True)


class ChildLimits(Message):
    """How far a run may spread into child runs: a graph of graphs multiplies at each level."""

    depth: int = 5
    runs: int = 20_000


class RunInput(Message):
    """Input of the workflow `GraphRun`: a snapshot, so that later edits of a graph never reach a run.

    What a run carries into a new history (continue-as-new) is a second argument, which only the workflow itself gives.
    """

    graph: Graph
    input: Any = None
    graph_id: str | None = None
    version: int | None = Field(default=None, description="Of the graph under its name, if it is known.")
    created_at: Moment | None = Field(default=None, description="Of its row, which is there before it starts.")
    tags: Tags = Field(default=(), description="By which the run is found; each without blanks.")
    subgraphs: dict[str, Graph] = Field(
        default_factory=dict, description="Stored graphs that control nodes name, by name or id, as of the start."
    )
    retry_of: RetryOf | None = Field(
        default=None, description="Nodes that succeeded in this run keep their outputs and do not run again."
    )
    webhook: Webhook | None = Field(default=None, description="Who is told of the run; not of its child runs.")
    parent: RunParent | None = Field(default=None, description="The run and node that this run is a part of.")
    depth: int = Field(default=0, description="How many runs stand above this one.")
    child_limits: ChildLimits = ChildLimits()


class RunOrder(Message):
    """Input of the workflow `GraphRun` that names a stored graph instead of bringing it along, as a schedule does.

    The run begins by reading it; from then on it has a snapshot like any other. Argument of the activity `wand.open`,
    whose result is the RunInput without `input`, `tags`, `webhook` and `retry_of`.
    """

    graph_id: str | None = None
    graph_name: str | None = Field(default=None, description="Its newest version, as of the run's start.")
    input: Any = None
    tags: Tags = ()
    webhook: Webhook | None = None
    retry_of: RetryOf | None = None

    @model_validator(mode="after")
    def _one_graph(self) -> "RunOrder":
        if (self.graph_id is None) == (self.graph_name is None):
            raise ValueError("give one of `graph`, `graph_id` and `graph_name`")
        return self


class RunResult(Message):
    """Result of the workflow `GraphRun`."""

    outputs: dict[str, Any]
    sinks: tuple[str, ...]
    skipped: tuple[str, ...] = ()


class AgentCall(Message):
    """Input of every agent's activity. The run's id is the workflow id, the node's id the activity id."""

    params: dict[str, Any] = Field(default_factory=dict)
    input: dict[str, Any] = Field(default_factory=dict)
    idempotency_key: str = Field(default="", description="The same for all attempts of a node.")
    earlier_attempts: int = Field(default=0, description="Of the node, made as another activity before this one.")
    carries_on: bool = Field(
        default=False,
        description="The attempt began in an earlier history of the run, and this worker runs it already.",
    )


class Report(Message):
    """Something that happened inside a node: a log line, progress, or an attempt that will be followed by another."""

    kind: Literal["log", "progress", "retrying"]
    node: str
    attempt: Attempt
    message: str = ""
    level: Level = "info"
    percent: int | None = Field(default=None, ge=0, le=100)
    data: dict[str, Any] = Field(default_factory=dict)
    error: Failure | None = None
    next_attempt_at: Moment | None = None


class AgentResult(Message):
    """Result of every agent's activity. A worker in another language may leave out all but `output`."""

    output: Any = None
    attempt: Attempt = 1
    worker: WorkerName | None = None
    queued_ms: Milliseconds | None = None
    duration_ms: Milliseconds | None = None
    ended_at: Moment | None = Field(default=None, description="By the worker's clock.")
    reports: tuple[Report, ...] = Field(default=(), description="Reports not yet signalled when the agent returned.")


class FailureDetails(Message):
    """First detail of the application error that an agent's activity fails with."""

    details: Any = None
    exception: Raised | None = None
    attempt: Attempt = 1
    worker: WorkerName | None = None
    queued_ms: Milliseconds | None = None
    duration_ms: Milliseconds | None = None
    reports: tuple[Report, ...] = ()


class EventPage(Message):
    """Answer of the query `events(after, limit)`.

    `first` is the lowest `seq` that the workflow still holds: what lies before it is in the archive.
    """

    events: tuple[Event, ...]
    first: int
    last: int
    ended: bool


class StatePage(Message):
    """Answer of the query `state(offset, limit)`: the run, and `limit` of its nodes from `offset`."""

    state: RunState
    total_nodes: int


class StateTable(Message):
    """Answer of the query `table`: `state` without its nodes, which are in `nodes`, in the order of the graph.

    `ids`: theirs, if they were asked for.
    """

    state: RunState
    nodes: NodeTable
    ids: tuple[str, ...] | None = None


class PartsPage(Message):
    """Answer of the query `parts(node, offset, limit)`: of a control node's `total` parts `limit` from `offset`."""

    parts: dict[str, NodeState]
    total: int
    questions: dict[str, Question] = Field(default_factory=dict, description="Those that these parts ask.")


class Answer(Message):
    """Argument of the update `respond`: the answer to a waiting `flow.approval` node, and who gave it."""

    node: str
    answer: Any = None
    by: str | None = None


class ChildEvents(Message):
    """Argument of the signal `child_events`: what happened in the child run of a node, told by that run."""

    node: str
    run_id: str
    events: tuple[Event, ...]


class NodeAddress(Message):
    """A node of a run; argument of the activity `wand.retry_now`, which ends the wait for a node's next attempt."""

    run_id: str
    node: str


class InFlight(Message):
    """One pending activity of a run; the activity `wand.in_flight` gives them by activity id.

    `queue`: of the one worker that runs it, if that worker can carry it on in another history of the run.
    `given_again`: how many of its node's attempts ended with their workers and do not use up retries; the run knows.
    """

    attempt: Attempt
    running: bool
    queue: str | None = None
    next_attempt_at: Moment | None = None
    given_again: Attempt = 0


class HeldAttempt(Message):
    """One attempt that a worker runs; the activity `wand.hold`, given a run, gives that run's attempts by node."""

    attempt: Attempt
    started_at: Moment


class Archive(Message):
    """Input of the activity `wand.archive`: events to store, idempotent on (run, seq), and the end if it has come."""

    run_id: str
    graph_id: str | None
    name: str
    tags: tuple[str, ...] = ()
    part_of: str | None = Field(default=None, description="The run that this child run is a part of.")
    events: tuple[Event, ...]
    result: RunResult | None = None
