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

EXTERN_OUTPUT = "wand_output"
"""Extern function of the workflow, `output(node, value)`: takes the output of every node, in a replay that was
made for them."""

EXTERN_DONE = "wand_done"
"""Extern function of the workflow, `done(node, say)`: takes for every control node that begins the function that says
what it has done, in the same replay."""

_OWN = "$"

DONE_PREFIX = f"{_OWN}done."
"""In the result of the activity `wand.outputs`, before the id of a node that has no output: what it had done."""

EXTERN_PUBLISH = "wand_publish"
"""Extern function of the workflow: `voice(run_id, execution)` gives `say(task, event)`, by which a relay in the same
process hears of every event. See `wand_orchestrator.temporal.event_feed`."""

OUTPUTS_ACTIVITY_ID = f"{_OWN}outputs"
"""Id of the activity whose result are outputs that a run kept of the one before it."""


def own_activity_id(what: str) -> str:
    """Id of an activity that a run has done for itself; no node can have such an id."""
    return f"{_OWN}{what}"


def is_own_activity(id: str) -> bool:
    """Whether an activity of this id is no node's, but the run's own."""
    return id.startswith(_OWN)


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
