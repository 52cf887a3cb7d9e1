"""Lists executions by Temporal's visibility store, which shows what happened a moment late."""

from datetime import datetime, timedelta

from wand_orchestrator.api.temporal.call import deadline, translated
from wand_orchestrator.api.temporal.errors import meaning
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.api.temporal.visibility_query import begins_with, equals
from wand_orchestrator.contract.delivery import delivery_workflow_id
from wand_orchestrator.contract.events import rfc3339
from wand_orchestrator.contract.names import WORKFLOW_GRAPH_RUN, WORKFLOW_WEBHOOK_DELIVERY


async def ended_without_success(executions: Executions, since: datetime, seconds: float) -> list[str]:
    """Return the ids of runs that closed without success since then, as far as Temporal lists them yet.

    Temporal or an operator may have closed them, or the SDK before the workflow had begun, which the status does
    not show.
    """
    query = (
        f'WorkflowType = "{WORKFLOW_GRAPH_RUN}" AND {equals("TaskQueue", executions.task_queue)} '
        f'AND ExecutionStatus IN ("Terminated", "TimedOut", "Canceled", "Failed") '
        f'AND CloseTime >= "{rfc3339(since)}"'
    )
    async with deadline(seconds), translated(meaning):
        listed = executions.client.list_workflows(query, rpc_timeout=timedelta(seconds=seconds))
        return [execution.id async for execution in listed if execution.task_queue == executions.task_queue]


async def family(executions: Executions, run_id: str, seconds: float) -> list[tuple[str, str]]:
    """Return the workflow and run ids of what Temporal still has of the run, its child runs and its webhooks.

    Webhook deliveries that are still open are left out.
    """
    webhooks = delivery_workflow_id(run_id, "")
    conditions = (
        equals("WorkflowId", run_id),
        equals("RootWorkflowId", run_id),
        begins_with("WorkflowId", webhooks),
    )
    ids = " OR ".join(conditions)
    runs_or_closed = f'(WorkflowType = "{WORKFLOW_GRAPH_RUN}" OR ExecutionStatus != "Running")'
    query = f"({ids}) AND {runs_or_closed}"
    async with deadline(seconds), translated(meaning):
        listed = executions.client.list_workflows(query, rpc_timeout=timedelta(seconds=seconds))
        found = [
            (execution.id, execution.run_id)
            async for execution in listed
            if run_id in (execution.id, execution.root_id) or execution.id.startswith(webhooks)
        ]
    if found or (latest := await executions.describe(run_id, seconds)) is None:
        return found
    return [(run_id, latest.run_id)]  # not listed yet, or no longer


async def delivery_ids(executions: Executions, run_id: str, seconds: float) -> list[str]:
    """Return the workflow ids of the run's webhook deliveries that Temporal has, as far as it lists them yet."""
    begin = delivery_workflow_id(run_id, "")
    query = f'WorkflowType = "{WORKFLOW_WEBHOOK_DELIVERY}" AND {begins_with("WorkflowId", begin)}'
    async with deadline(seconds), translated(meaning):
        listed = executions.client.list_workflows(query, rpc_timeout=timedelta(seconds=seconds))
        ids = {execution.id async for execution in listed}
    return [id for id in ids if id.startswith(begin) and id.removeprefix(begin).isdecimal()]
