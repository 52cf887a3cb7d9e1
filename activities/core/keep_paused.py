"""Pauses a node's activity before any worker takes it, and then gives it to the workers that are to run it.

An operator had paused the node in a history of its run that is over. The activity of the new history lies on a task
queue that nobody polls until this is done, as Temporal starts no activity as a paused one.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import temporalio.api.activity.v1 as activities
import temporalio.api.common.v1 as common
import temporalio.api.taskqueue.v1 as queues
import temporalio.api.workflowservice.v1 as service
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio import activity
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client

from wand_orchestrator.contract.names import ACTIVITY_KEEP_PAUSED
from wand_orchestrator.contract.steering import PausedNode

REASON = "it was paused in the history of its run before this one"


def keep_paused_activity(client: Client) -> Callable[[PausedNode], Awaitable[None]]:
    """Return the activity `wand.keep_paused`; done anew, it leaves alone what somebody has unpaused."""

    @activity.defn(name=ACTIVITY_KEEP_PAUSED)
    async def keep_paused(paused: PausedNode) -> None:
        execution = common.WorkflowExecution(workflow_id=paused.run_id, run_id=activity.info().workflow_run_id or "")
        pending = await _lying_aside(client, execution, paused)
        if pending is None:
            return
        the_node: dict[str, Any] = {
            "namespace": client.namespace,
            "execution": execution,
            "identity": client.identity,
            "id": paused.node,
        }
        if not pending.paused:  # Temporal refuses to pause it twice
            await client.workflow_service.pause_activity(service.PauseActivityRequest(**the_node, reason=REASON))
        await client.workflow_service.update_activity_options(
            service.UpdateActivityOptionsRequest(
                **the_node,
                activity_options=activities.ActivityOptions(task_queue=queues.TaskQueue(name=paused.queue)),
                update_mask=FieldMask(paths=["task_queue.name"]),
            )
        )

    return keep_paused


async def _lying_aside(
    client: Client, execution: common.WorkflowExecution, paused: PausedNode
) -> PendingActivityInfo | None:
    """Return the node's pending activity on the task queue aside; None if it has ended, or is on
    its own queue already.
    """
    described = await client.get_workflow_handle(paused.run_id, run_id=execution.run_id or None).describe()
    for pending in described.raw_description.pending_activities:
        if pending.activity_id == paused.node and pending.activity_options.task_queue.name == paused.aside:
            return pending
    return None
