"""Starts, cancels, describes and queries the workflow executions of runs, whose workflow ids are the runs' ids.

Every call takes the seconds it may last and raises Unavailable when Temporal, or the worker that a query needs, does
not answer within them.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import temporalio.api.common.v1 as common
import temporalio.api.workflowservice.v1 as workflowservice
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    QueryRejectCondition,
    RawValue,
    TypedSearchAttributes,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from wand_orchestrator.api.temporal.call import deadline, translated
from wand_orchestrator.api.temporal.errors import ExecutionClosed, QueryFailed, TaskFailed, UpdateRefused, meaning
from wand_orchestrator.api.temporal.launch import Launch
from wand_orchestrator.contract.names import (
    WORKFLOW_GRAPH_RUN,
)
from wand_orchestrator.contract.queries import (
    QUERY_EVENT_REFUSAL,
    QUERY_EVENTS,
    QUERY_NODE,
    QUERY_PARTS,
    QUERY_TABLE,
    EventPage,
    EventRefusal,
    NodeJournal,
    PartsPage,
    StateTable,
)
from wand_orchestrator.contract.state import RunState
from wand_orchestrator.contract.steering import SentEvent
from wand_orchestrator.errors import NotFound, Unavailable
from wand_orchestrator.graph import Graph
from wand_orchestrator.temporal.visibility import memo, search_attributes, summary

FAILING_ATTEMPTS = 2
"""Of one workflow task: what fails by accident, such as at a worker's end, has succeeded by then."""

PING_SEC = 0.25
"""Of the time for a worker's answer: to tell, when there is none, whether Temporal itself is away."""


class Executions:
    """Calls Temporal about runs. `eager`: a worker in this process, over the same client, may get a run's first task
    with the start.
    """

    def __init__(self, client: Client, task_queue: str, *, eager: bool) -> None:
        self.client = client
        self.task_queue = task_queue
        self._eager = eager

    async def start(self, launch: Launch, document: bytes, seconds: float) -> None:
        """Start the run's workflow; one that was started before counts as started. `document`: its RunInput as JSON."""
        run, graph, tags = launch.run, launch.graph, launch.run.terms.tags
        payload = common.Payload(metadata={"encoding": b"json/plain"}, data=document)
        try:
            async with deadline(seconds), translated(meaning):
                await self.client.start_workflow(
                    WORKFLOW_GRAPH_RUN,
                    args=[RawValue(payload), None],
                    id=run.run_id,
                    task_queue=self.task_queue,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    search_attributes=TypedSearchAttributes(search_attributes(graph.name, run.graph_id, tags)),
                    static_summary=summary(graph.name),
                    memo=memo(graph, run.graph_id, tags, version=launch.version),
                    request_eager_start=self._eager,
                    rpc_timeout=timedelta(seconds=seconds),
                )
        except WorkflowAlreadyStartedError:
            return

    async def cancel(self, run_id: str, seconds: float) -> None:
        """Ask for cancellation. Raises NotFound if there is no such execution; one that has ended stays as it is."""
        async with deadline(seconds), translated(meaning):
            await self.client.get_workflow_handle(run_id).cancel(rpc_timeout=timedelta(seconds=seconds))

    async def terminate(self, run_id: str, reason: str, seconds: float) -> None:
        """Terminate the run's execution. Raises NotFound if it is closed or there is none."""
        async with deadline(seconds), translated(meaning):
            await self.client.get_workflow_handle(run_id).terminate(
                reason=reason, rpc_timeout=timedelta(seconds=seconds)
            )

    async def signal(self, run_id: str, name: str, seconds: float, args: Sequence[Any] = ()) -> None:
        """Send the run a signal. Raises NotFound if its execution is closed or there is none."""
        async with deadline(seconds), translated(meaning):
            await self.client.get_workflow_handle(run_id).signal(
                name, args=args, rpc_timeout=timedelta(seconds=seconds)
            )

    async def event_refusal(self, run_id: str, event: SentEvent, seconds: float) -> EventRefusal | None:
        """Return why the run cannot accept this event now; None if it can. Raises ExecutionClosed."""
        refusal: EventRefusal | None = await self._query(
            run_id,
            QUERY_EVENT_REFUSAL,
            [event.name, event.data],
            EventRefusal | None,
            QueryRejectCondition.NOT_OPEN,
            seconds,
        )
        return refusal

    async def update(self, run_id: str, name: str, argument: Any, seconds: float, update_id: str | None = None) -> None:
        """Send an update and wait until it is done. Temporal does one of the same id once, and ends every call alike.

        Raises UpdateRefused, also when the execution closes first.
        """
        id = update_id or str(uuid.uuid4())
        try:
            async with self._worker_deadline(seconds):
                while not await self._update_once(run_id, name, argument, id, seconds):
                    continue
        except NotFound as error:
            raise UpdateRefused("", "the run has ended meanwhile") from error
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise Unavailable("worker", "no worker took it in time; it may still be done later") from error
        except WorkflowUpdateFailedError as error:
            cause = error.cause
            code = cause.type if isinstance(cause, ApplicationError) else None
            raise UpdateRefused(code or "", getattr(cause, "message", str(cause))) from error

    async def _update_once(self, run_id: str, name: str, argument: Any, id: str, seconds: float) -> bool:
        """Send an update; return False if its workflow task failed and the update has to be sent again."""
        try:
            async with translated(meaning):
                await self.client.get_workflow_handle(run_id).execute_update(
                    name, argument, id=id, rpc_timeout=timedelta(seconds=seconds)
                )
        except TaskFailed:
            return False
        return True

    async def delete(self, workflow_id: str, run_id: str, seconds: float) -> None:
        """Request the deletion of an execution, which Temporal performs later; one that is gone is no error."""
        execution = common.WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
        with suppress(NotFound):
            async with deadline(seconds), translated(meaning):
                await self.client.workflow_service.delete_workflow_execution(
                    workflowservice.DeleteWorkflowExecutionRequest(
                        namespace=self.client.namespace, workflow_execution=execution
                    ),
                    timeout=timedelta(seconds=seconds),
                )

    async def is_open(self, workflow_id: str, seconds: float) -> bool:
        """Return whether a workflow is open, also one that is no run of a graph."""
        try:
            async with deadline(seconds), translated(meaning):
                description = await self.client.get_workflow_handle(workflow_id).describe(
                    rpc_timeout=timedelta(seconds=seconds)
                )
        except NotFound:
            return False
        return description.status is WorkflowExecutionStatus.RUNNING

    async def describe(self, run_id: str, seconds: float) -> WorkflowExecutionDescription | None:
        """Return Temporal's description of the run; None if there is no execution, or it is no run of a graph."""
        try:
            async with deadline(seconds), translated(meaning):
                description = await self.client.get_workflow_handle(run_id).describe(
                    rpc_timeout=timedelta(seconds=seconds)
                )
        except NotFound:
            return None
        return description if description.workflow_type == WORKFLOW_GRAPH_RUN else None

    async def events(
        self, run_id: str, after: int, limit: int, seconds: float, *, although_closed: bool = False
    ) -> EventPage:
        """Return a page of the journal that the workflow holds. A closed one is queried only `although_closed`, as a
        worker has to replay it.
        """
        condition = QueryRejectCondition.NONE if although_closed else QueryRejectCondition.NOT_OPEN
        page: EventPage = await self._query(run_id, QUERY_EVENTS, [after, limit], EventPage, condition, seconds)
        return page

    async def state(self, run_id: str, graph: Graph | None, seconds: float) -> RunState:
        """Return the run's state with all of its nodes. If `graph` is None, the workflow returns
        the nodes' ids, too.
        """
        table: StateTable = await self._query(
            run_id, QUERY_TABLE, [graph is None], StateTable, QueryRejectCondition.NOT_OPEN, seconds
        )
        ids = (table.ids or ()) if graph is None else tuple(node.id for node in graph.nodes)
        if len(table.nodes.letters) != len(ids):  # a run that was given a graph's name has not fetched it yet
            return table.state
        return table.state.model_copy(update={"nodes": table.nodes.states(ids)})

    async def parts(self, run_id: str, node: str, offset: int, limit: int, seconds: float) -> PartsPage:
        """Return parts of a control node of an open run. Raises ExecutionClosed."""
        page: PartsPage = await self._query(
            run_id, QUERY_PARTS, [node, offset, limit], PartsPage, QueryRejectCondition.NOT_OPEN, seconds
        )
        return page

    async def node(self, run_id: str, name: str, seconds: float) -> NodeJournal:
        """Return the events that an open run still holds of one of its nodes or parts. Raises ExecutionClosed."""
        journal: NodeJournal = await self._query(
            run_id, QUERY_NODE, [name], NodeJournal, QueryRejectCondition.NOT_OPEN, seconds
        )
        return journal

    async def namespace_id(self, seconds: float) -> str:
        """Return the id of the namespace, which differs from that of any other namespace of the same name."""
        async with deadline(seconds), translated(meaning):
            described = await self.client.workflow_service.describe_namespace(
                workflowservice.DescribeNamespaceRequest(namespace=self.client.namespace),
                timeout=timedelta(seconds=seconds),
            )
        return described.namespace_info.id

    async def ping(self, seconds: float) -> None:
        """Check that Temporal answers. Raises Unavailable."""
        async with deadline(seconds), translated(meaning):
            await self.client.workflow_service.get_system_info(
                workflowservice.GetSystemInfoRequest(), timeout=timedelta(seconds=seconds)
            )

    async def _query(
        self, run_id: str, name: str, args: list[Any], shape: Any, condition: QueryRejectCondition, seconds: float
    ) -> Any:
        try:
            async with self._worker_deadline(seconds), translated(meaning):
                return await self.client.get_workflow_handle(run_id).query(
                    name,
                    args=args,
                    result_type=shape,
                    reject_condition=condition,
                    rpc_timeout=timedelta(seconds=seconds),
                )
        except WorkflowQueryRejectedError as error:
            raise ExecutionClosed(f"the run {run_id} has ended") from error
        except WorkflowQueryFailedError as error:
            raise QueryFailed(error.message) from error

    @asynccontextmanager
    async def _worker_deadline(self, seconds: float) -> AsyncIterator[None]:
        """Apply a deadline to a call that a worker has to answer. Raises Unavailable, which names Temporal or the
        worker as the silent one.
        """
        try:
            async with asyncio.timeout(max(seconds - PING_SEC, seconds / 2)):
                yield
        except TimeoutError as error:
            await self.ping(PING_SEC)
            raise Unavailable("worker", f"no worker answers for the run: nothing within {seconds:.1f} s") from error


def is_failing(description: WorkflowExecutionDescription) -> bool:
    """Return whether the run's workflow task has failed so often that the run will not end by itself."""
    if description.status is not WorkflowExecutionStatus.RUNNING:
        return False
    return description.raw_description.pending_workflow_task.attempt > FAILING_ATTEMPTS
