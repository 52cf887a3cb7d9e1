"""Tries a node again at once that waits for its next attempt: Temporal's native reset of an activity."""

from collections.abc import Awaitable, Callable

import temporalio.api.common.v1 as common
import temporalio.api.enums.v1 as enums
import temporalio.api.workflowservice.v1 as service
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from wand_orchestrator.contract import ACTIVITY_RETRY_NOW, NodeAddress

_SCHEDULED = enums.PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED


def retry_now_activity(client: Client) -> Callable[[NodeAddress], Awaitable[None]]:
    """The activity; it fails, without a retry, when the node is not waiting for another attempt."""

    @activity.defn(name=ACTIVITY_RETRY_NOW)
    async def retry_now(address: NodeAddress) -> None:
        described = await client.get_workflow_handle(address.run_id).describe()
        pending = {item.activity_id: item for item in described.raw_description.pending_activities}
        waiting = pending.get(address.node)
        if waiting is None or waiting.state != _SCHEDULED:
            raise ApplicationError(
                f"node {address.node} is not waiting for another attempt: it is running now",
                type="wrong_state",
                non_retryable=True,
            )
        await client.workflow_service.reset_activity(
            service.ResetActivityRequest(
                namespace=client.namespace,
                execution=common.WorkflowExecution(workflow_id=address.run_id),
                identity=client.identity,
                id=address.node,
            )
        )

    return retry_now
