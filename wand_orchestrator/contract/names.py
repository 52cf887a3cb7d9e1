"""Names that cross a process: workflows, activities, task queues and extern functions.

They can be used as they are from the `temporal` CLI and the Temporal Web UI.
"""

import hashlib
from typing import Annotated

from pydantic import Field

DEFAULT_TASK_QUEUE = "wand"
"""Task queue of the core worker: it runs the workflows and, by default, the agents."""

WORKFLOW_GRAPH_RUN = "GraphRun"
ACTIVITY_OPEN = "wand.open"
ACTIVITY_INPUT_KEYS = "wand.input_keys"
ACTIVITY_ARCHIVE = "wand.archive"
ACTIVITY_NEXT_TASK = "wand.next_task"
ACTIVITY_RETRY_NOW = "wand.retry_now"
ACTIVITY_OUTPUTS = "wand.outputs"
ACTIVITY_START_RUN = "wand.start_run"
ACTIVITY_IN_FLIGHT = "wand.in_flight"
ACTIVITY_HOLD = "wand.hold"
ACTIVITY_KEEP_PAUSED = "wand.keep_paused"
ACTIVITY_AWAIT_RUN = "wand.await_run"
ACTIVITY_END_WITH_PARENT = "wand.end_with_parent"
ACTIVITY_IS_ENDING = "wand.is_ending"
ACTIVITY_MCP_SERVERS = "wand.mcp_servers"
WORKFLOW_TOOL_LISTING = "ToolListing"

AGENT_MODEL_DESCRIBE = "wand.model.describe"
"""Internal agent of `agent.llm`: params are a DescribeModel, output is a ModelDescription."""

AGENT_MODEL_TURN = "wand.model.turn"
"""Internal agent of `agent.llm`: params are a ModelTurn, output is a ModelReply."""

AGENT_MODEL_TOOL = "wand.model.tool"
"""Internal agent of `agent.llm`: runs one tool of the registry. Params are `{"tool": <name>}`, the input are the
arguments of the call, the output is what the tool returns."""

INTERNAL_AGENTS = frozenset({AGENT_MODEL_DESCRIBE, AGENT_MODEL_TURN, AGENT_MODEL_TOOL})
"""Agents that only Wand's own control nodes run: `GET /agents` does not list them, and no graph can name them."""

WORKFLOW_RUN_DELETION = "RunDeletion"
ACTIVITY_DELETE = "wand.delete"

WORKFLOW_WEBHOOK_DELIVERY = "WebhookDelivery"
ACTIVITY_WEBHOOK = "wand.webhook"

EXTERN_OUTPUT = "wand_output"
"""Extern function of the workflow, `output(node, value)`: takes the output of every node, in a replay that was
made for them."""

EXTERN_DONE = "wand_done"
"""Extern function of the workflow, `done(node, say)`: takes for every control node that begins the function that says
what it has done, in the same replay."""

_OWN = "$"

DONE_PREFIX = f"{_OWN}done."
"""In the result of the activity `wand.outputs`, before the id of a node that has no output: what it had done."""

SPENT = f"{_OWN}spent"
"""In place of a node, in the same results: what was spent of the budgets."""

EXTERN_PUBLISH = "wand_publish"
"""Extern function of the workflow: `voice(run_id, execution)` gives `say(task, event)`, by which a relay in the same
process hears of every event. See `wand_orchestrator.temporal.event_feed`."""

EXTERN_VALUES = "wand_values"
"""Extern function of the workflow: `values(root, run_id)` gives the RunValues that the run tells what went into its
nodes and came out of them. See `wand_orchestrator.temporal.value_log`."""

OUTPUTS_ACTIVITY_ID = f"{_OWN}outputs"
"""Id of the activity whose result are outputs that a run kept of the one before it."""


def own_activity_id(what: str) -> str:
    """Return the id of an activity that serves the run itself; no node can have such an id."""
    return f"{_OWN}{what}"


def is_own_activity(id: str) -> bool:
    """Return whether the activity serves the run itself, and no node."""
    return id.startswith(_OWN)


def webhook_queue(task_queue: str) -> str:
    """Return the task queue of webhooks, apart from the core worker's: a receiver that hangs delays no agent."""
    return f"{task_queue}.webhooks"


def rate_queue(task_queue: str, rate: str) -> str:
    """Return the task queue of the nodes with this rate, beside that of the core worker: Temporal limits how many tasks
    it hands out of it per second.
    """
    return f"{task_queue}.rate.{rate}"


def is_rate_queue(queue: str, task_queue: str) -> bool:
    return queue.startswith(rate_queue(task_queue, ""))


WORKER_QUEUE_PREFIX = "wand.worker."


def worker_queue(queue: str, id: str) -> str:
    """Return the task queue that only one worker of `queue` polls. Its agents' heartbeats name it, so that they can be
    continued there.
    """
    return f"{_own_queues(queue)}{id}"


def is_served_by(worker_queue: str, queue: str) -> bool:
    """Return whether the worker of `worker_queue` also polls `queue`."""
    return worker_queue.startswith(_own_queues(queue))


def _own_queues(queue: str) -> str:
    """Return the prefix of the names of workers' own queues; it holds a digest, as a queue's name may be long."""
    return f"{WORKER_QUEUE_PREFIX}{hashlib.sha256(queue.encode()).hexdigest()[:16]}."


Attempt = Annotated[int, Field(ge=0, le=2**31 - 1)]
Milliseconds = Annotated[int, Field(ge=0, le=2**41)]
"""Some 70 years at most: whoever counts back from a moment comes to another one."""

WorkerName = Annotated[str, Field(max_length=1000)]
