"""Checks that webhooks can be signed, and sends those about ends that no workflow is left to send."""

from collections.abc import Iterable

from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.api.temporal.service_workflows import deliver
from wand_orchestrator.contract.delivery import delivery, delivery_workflow_id
from wand_orchestrator.contract.events import RUN_ENDINGS, Event
from wand_orchestrator.contract.run_summary import RunSummary
from wand_orchestrator.contract.webhook import Webhook
from wand_orchestrator.errors import Conflict
from wand_orchestrator.settings import Settings


class WebhooksOff(Conflict):
    """Nothing to sign webhooks with."""

    code = "webhooks_off"


class Webhooks:
    def __init__(self, executions: Executions, settings: Settings) -> None:
        self._executions = executions
        self._settings = settings

    def require_signed(self, webhook: Webhook | None) -> None:
        """Raise WebhooksOff for a webhook that could not be signed."""
        if webhook is not None and not self._settings.webhook_keys:
            raise WebhooksOff("webhooks are off, as there is no secret to sign them with: set WAND_WEBHOOK_SECRET")

    async def tell_ending(
        self, webhook: Webhook | None, events: Iterable[Event], run: RunSummary, seconds: float
    ) -> None:
        """Start the delivery about the run's end, if it is among the events and the webhook names it; one that was
        started before counts as started. Raises Unavailable."""
        if webhook is None:
            return
        for event in events:
            if event.type in RUN_ENDINGS and event.type in webhook.events:
                message = delivery(webhook, event, run)
                await deliver(self._executions, delivery_workflow_id(run.run_id, event.seq), message, seconds)
