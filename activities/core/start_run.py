"""Starts runs that other runs start and do not wait for: each is one like any other, with a row of its own."""

from collections.abc import Awaitable, Callable

from temporalio import activity
from temporalio.client import Client
from temporalio.common import TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from wand_orchestrator.activities.core.failing import application_errors
from wand_orchestrator.contract.codes import START_REFUSED
from wand_orchestrator.contract.names import ACTIVITY_START_RUN, WORKFLOW_GRAPH_RUN
from wand_orchestrator.contract.run import NewRun
from wand_orchestrator.storage import Store
from wand_orchestrator.temporal.visibility import memo, search_attributes, summary


def start_run_activity(client: Client, store: Store) -> Callable[[NewRun], Awaitable[None]]:
    """Return the activity `wand.start_run`. Tried again, it starts no run that was started before.

    The workflow is there before its row: a row of a run that Temporal does not have would be taken for one that ended.
    """

    @activity.defn(name=ACTIVITY_START_RUN)
    async def start_run(new: NewRun) -> None:
        await _start(client, new, activity.info().task_queue)
        with application_errors():
            await store.runs.begin(new.run_id, None, new.run.graph.name, new.run.terms)

    return start_run


async def _start(client: Client, new: NewRun, task_queue: str) -> None:
    graph, tags = new.run.graph, new.run.tags
    try:
        await client.start_workflow(
            WORKFLOW_GRAPH_RUN,
            args=[new.run, None],
            id=new.run_id,
            task_queue=task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            search_attributes=TypedSearchAttributes(search_attributes(graph.name, None, tags)),
            static_summary=summary(graph.name),
            memo=memo(graph, None, tags),
        )
    except WorkflowAlreadyStartedError:
        return
    except RPCError as error:
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            raise ApplicationError(error.message, type=START_REFUSED, non_retryable=True) from error
        raise
