"""Notifies a run's webhook: starts a delivery for each event that it names, without waiting for its arrival.

A delivery is a child workflow that the end of the run leaves alone.
"""

import asyncio

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from wand_orchestrator.contract.delivery import delivery, delivery_workflow_id
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.names import (
    WORKFLOW_WEBHOOK_DELIVERY,
    webhook_queue,
)
from wand_orchestrator.contract.run import RunInput
from wand_orchestrator.contract.run_summary import RunSummary
from wand_orchestrator.contract.webhook import Webhook
from wand_orchestrator.temporal.visibility import summary
from wand_orchestrator.workflows.journal.journal import Journal
from wand_orchestrator.workflows.uncancelled import uncancelled


class Notifier:
    """Starts deliveries: call `look` whenever the journal may have grown, and `flush` before the run ends or continues
    as new.
    """

    def __init__(self, journal: Journal, run: RunInput) -> None:
        self._journal = journal
        self._run = run
        self._seen = journal.state.last_seq
        self._starting: list[asyncio.Future[None]] = []

    def look(self) -> None:
        """Start deliveries for what was appended to the journal."""
        webhook = self._run.webhook
        if webhook is None or self._seen == self._journal.state.last_seq:
            return
        for event in self._journal.since(self._seen):
            self._seen = event.seq
            if event.type in webhook.events:
                starting = asyncio.ensure_future(self._start(webhook, event))
                self._starting.append(starting)
                starting.add_done_callback(self._starting.remove)

    async def flush(self) -> bool:
        """Wait until Temporal has all deliveries, which takes one call to the server; return whether the run was asked
        to cancel meanwhile.
        """
        self.look()
        return await uncancelled(asyncio.gather(*self._starting)) if self._starting else False

    async def _start(self, webhook: Webhook, event: Event) -> None:
        run_id = workflow.info().workflow_id
        message = delivery(webhook, event, self._summary(run_id, event))
        try:
            handle = await workflow.start_child_workflow(
                WORKFLOW_WEBHOOK_DELIVERY,
                message,
                id=delivery_workflow_id(run_id, event.seq),
                task_queue=webhook_queue(workflow.info().task_queue),
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                parent_close_policy=ParentClosePolicy.ABANDON,
                cancellation_type=ChildWorkflowCancellationType.ABANDON,
                static_summary=summary(message.summary),
            )
        except WorkflowAlreadyStartedError:
            workflow.logger.warning("the webhook about event %d was sent before", event.seq)
        else:
            handle.add_done_callback(_seen_to_end)

    def _summary(self, run_id: str, event: Event) -> RunSummary:
        run, state = self._run, self._journal.state
        return RunSummary.of(
            run,
            run_id=run_id,
            graph_id=run.graph_id,
            name=run.graph.name,
            status=state.status,
            progress=state.progress,
            created_at=run.created_at or state.started_at or event.ts,
            started_at=state.started_at,
            finished_at=state.finished_at,
            error=state.error,
            part_of=None if run.parent is None else run.parent.run_id,
        )


def _seen_to_end(delivered: "asyncio.Task[object]") -> None:
    """Retrieve the error of a failed delivery, as asyncio demands; Temporal shows the failure under its own id."""
    if not delivered.cancelled():
        delivered.exception()
