"""The workflow `WebhookDelivery`: one message to one URL, tried until it arrives or for days.

It is a workflow of its own, so that a run can end while its message is still on the way.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from wand_orchestrator.contract.delivery import Delivery
from wand_orchestrator.contract.names import (
    ACTIVITY_WEBHOOK,
    WORKFLOW_WEBHOOK_DELIVERY,
)
from wand_orchestrator.temporal.visibility import summary

ATTEMPT = timedelta(seconds=30)
"""The activity gives a receiver less; what it then still does is quick."""

LAST_ATTEMPT = timedelta(days=3)
RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=5), backoff_coefficient=5.0, maximum_interval=timedelta(hours=12)
)
"""After 5 s, 25 s, 2 min, 10 min, 52 min, 4 h, then every 12 h: near the specification's own example."""


@workflow.defn(name=WORKFLOW_WEBHOOK_DELIVERY)
class WebhookDelivery:
    """Sends one webhook; its result is the HTTP status of the receiver's answer."""

    @workflow.run
    async def run(self, delivery: Delivery) -> int:
        status: int = await workflow.execute_activity(
            ACTIVITY_WEBHOOK,
            delivery,
            activity_id=delivery.id,
            start_to_close_timeout=ATTEMPT,
            schedule_to_close_timeout=LAST_ATTEMPT,
            retry_policy=RETRY,
            summary=summary(delivery.summary),
        )
        return status
