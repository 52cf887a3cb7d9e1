"""Starts the workflows that are no runs: deliveries of webhooks, and the listing of the tools of MCP servers."""

from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.client import WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from wand_orchestrator.api.temporal.call import deadline, translated
from wand_orchestrator.api.temporal.errors import meaning
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.api.temporal.task_queues import polled
from wand_orchestrator.contract.delivery import Delivery
from wand_orchestrator.contract.mcp import McpCatalogue
from wand_orchestrator.contract.names import WORKFLOW_TOOL_LISTING, WORKFLOW_WEBHOOK_DELIVERY, webhook_queue
from wand_orchestrator.errors import Unavailable
from wand_orchestrator.temporal.visibility import summary

POLLED_SEC = 1.0
"""For so long Temporal may take to tell whether a worker polls: who lists tools does not wait for one that is away."""


async def deliver(executions: Executions, id: str, message: Delivery, seconds: float) -> None:
    """Start the workflow that delivers a webhook; one that was started before counts as started."""
    try:
        async with deadline(seconds), translated(meaning):
            await executions.client.start_workflow(
                WORKFLOW_WEBHOOK_DELIVERY,
                message,
                id=id,
                task_queue=webhook_queue(executions.task_queue),
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=summary(message.summary),
                rpc_timeout=timedelta(seconds=seconds),
            )
    except WorkflowAlreadyStartedError:
        return


async def mcp_servers(executions: Executions, seconds: float) -> McpCatalogue:
    """Ask a worker of the API's task queue for its MCP servers. Callers at the same time share one execution.

    Raises Unavailable, at once if Temporal is away or no worker polls that queue.
    """
    queue = executions.task_queue
    if not await polled(executions.client, [queue], TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, POLLED_SEC):
        raise Unavailable("worker", f"no worker polls the task queue {queue!r}")
    try:
        async with deadline(seconds), translated(meaning):
            handle = await executions.client.start_workflow(
                WORKFLOW_TOOL_LISTING,
                id=f"{WORKFLOW_TOOL_LISTING}:{queue}",
                task_queue=queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                execution_timeout=timedelta(seconds=seconds),
                static_summary=summary("the tools of the workers' MCP servers"),
                result_type=McpCatalogue,
                rpc_timeout=timedelta(seconds=seconds),
            )
            catalogue: McpCatalogue = await handle.result()
            return catalogue
    except WorkflowFailureError as error:
        raise Unavailable("worker", "the worker could not tell of its MCP servers") from error
