"""Ends a node's wait for its next attempt, by Temporal's native pause and unpause of an activity.

A native reset would begin again with attempt 1, and so tell an agent that it had never tried.
"""

from collections.abc import Awaitable, Callable

import temporalio.api.common.v1 as common
import temporalio.api.enums.v1 as enums
import temporalio.api.workflowservice.v1 as service
from temporalio import activity
from temporalio.client import Client

from wand_orchestrator.activities.core.failing import application_errors
from wand_orchestrator.contract.codes import WRONG_STATE
from wand_orchestrator.contract.names import (
    ACTIVITY_RETRY_NOW,
)
from wand_orchestrator.contract.steering import (
    NodeAddress,
)
from wand_orchestrator.errors import Conflict

_WAITING = (
    enums.PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED,
    enums.PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED,
)
"""Paused: by somebody, who would have it tried now, or by an attempt of this activity that did not come to its end."""


def retry_now_activity(client: Client) -> Callable[[NodeAddress], Awaitable[None]]:
    """Return the activity `wand.retry_now`; it fails, without a retry, when the node is not waiting for another
    attempt.
    """

    @activity.defn(name=ACTIVITY_RETRY_NOW)
    async def retry_now(address: NodeAddress) -> None:
        described = await client.get_workflow_handle(address.run_id).describe()
        pending = {item.activity_id: item for item in described.raw_description.pending_activities}
        waiting = pending.get(address.node)
        if waiting is None or waiting.state not in _WAITING:
            with application_errors():
                raise Conflict(
                    f"node {address.node} is not waiting for another attempt: it is running now", code=WRONG_STATE
                )
        execution = common.WorkflowExecution(workflow_id=address.run_id)
        if not waiting.paused:  # Temporal refuses to pause it twice
            await client.workflow_service.pause_activity(
                service.PauseActivityRequest(
                    namespace=client.namespace, execution=execution, identity=client.identity, id=address.node
                )
            )
        await client.workflow_service.unpause_activity(
            service.UnpauseActivityRequest(
                namespace=client.namespace, execution=execution, identity=client.identity, id=address.node
            )
        )

    return retry_now
