"""Ends the wait for a node's next attempt: only the server can do that, and only an activity can ask it."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from wand_orchestrator.contract.codes import WRONG_STATE
from wand_orchestrator.contract.names import (
    ACTIVITY_RETRY_NOW,
)
from wand_orchestrator.contract.steering import (
    NodeAddress,
)
from wand_orchestrator.temporal.visibility import summary


async def retry_now(node: str) -> None:
    """Start the node's next attempt now. Raises ApplicationError if it is running already, or the server refuses."""
    try:
        await workflow.execute_local_activity(
            ACTIVITY_RETRY_NOW,
            NodeAddress(run_id=workflow.info().workflow_id, node=node),
            start_to_close_timeout=timedelta(seconds=5),
            retry_policy=RetryPolicy(maximum_attempts=2),
            summary=summary(f"try {node} now"),
        )
    except ActivityError as error:
        cause = error.cause if isinstance(error.cause, ApplicationError) else None
        message = cause.message if cause else f"the server did not reset {node}"
        raise ApplicationError(message, type=WRONG_STATE, non_retryable=True) from error
