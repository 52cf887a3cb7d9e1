"""The child runs of one run: each a stored graph that a control node runs as a child workflow."""

import asyncio
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from wand_orchestrator.contract.ids import child_run_id
from wand_orchestrator.contract.names import (
    WORKFLOW_GRAPH_RUN,
)
from wand_orchestrator.contract.run import (
    RunInput,
    RunParent,
    RunResult,
)
from wand_orchestrator.contract.steering import (
    SIGNAL_PAUSE,
    SIGNAL_RESUME,
)
from wand_orchestrator.graph import Graph, Node
from wand_orchestrator.temporal.visibility import memo, search_attributes, summary
from wand_orchestrator.workflows.arrivals import run_result_of
from wand_orchestrator.workflows.control.base import failure
from wand_orchestrator.workflows.uncancelled import uncancelled

PATCH = "child-starts-before-cancel"

Handle = workflow.ChildWorkflowHandle[Any, Any]


class Children:
    """`run`: the input of the run whose children these are."""

    def __init__(self, run: RunInput) -> None:
        self._run = run
        self._handles: dict[str, Handle] = {}
        self._starting = 0
        self._paused = False
        self.started = 0
        """Child runs that the run has started, in the histories before this one too."""

    @property
    def in_flight(self) -> bool:
        return self._starting > 0 or bool(self._handles)

    def run_id(self, node: str) -> str | None:
        """The child run that this node waits for."""
        handle = self._handles.get(node)
        return None if handle is None else handle.id

    async def start(self, node: Node, graph: Graph, input: Any) -> Handle:
        """Start the child run of `node`; `result` awaits its end."""
        self._starting += 1
        try:
            handle = await self._started(node, graph, input)
        finally:
            self._starting -= 1
        self._handles[node.id] = handle
        if self._paused:  # meanwhile
            _signal(handle, SIGNAL_PAUSE)
        return handle

    async def result(self, node: Node) -> RunResult:
        try:
            return run_result_of(await self._handles[node.id])
        finally:
            del self._handles[node.id]

    def gate(self, paused: bool) -> None:
        """Pass a pause or a resume on."""
        self._paused = paused
        for handle in self._handles.values():
            _signal(handle, SIGNAL_PAUSE if paused else SIGNAL_RESUME)

    async def _started(self, node: Node, graph: Graph, input: Any) -> Handle:
        """The child, which has started. A cancellation that comes meanwhile reaches it when it has: what cancels the
        start itself may be lost on its way, or leave a child that nobody awaits."""
        if not workflow.patched(PATCH):
            return await self._start(node, graph, input)
        self._require_room()
        self.started += 1
        starting = asyncio.ensure_future(self._start(node, graph, input))
        cancelled = await uncancelled(starting)
        handle = starting.result()
        if cancelled:
            handle.cancel()
        return handle

    def _require_room(self) -> None:
        """Raises ApplicationError beyond the limits that the run was started with."""
        limits = self._run.child_limits
        if self._run.depth >= limits.depth:
            raise failure("nested_too_deep", f"{limits.depth} runs stand within one another, and no more may")
        if self.started >= limits.runs:
            raise failure("too_many_children", f"the run has started {limits.runs} child runs, and no more may be")

    async def _start(self, node: Node, graph: Graph, input: Any) -> Handle:
        """Under an id of its own: a node that runs again has had a child before, whose events are in the database."""
        parent = RunParent(run_id=workflow.info().workflow_id, node=node.id)
        order = RunInput(
            graph=graph,
            input=input,
            parent=parent,
            tags=self._run.tags,
            subgraphs=self._run.subgraphs,
            depth=self._run.depth + 1,
            child_limits=self._run.child_limits,
        )
        number = 1
        while True:
            try:
                return await workflow.start_child_workflow(
                    WORKFLOW_GRAPH_RUN,
                    args=[order, None],
                    id=child_run_id(parent.run_id, node.id, number),
                    result_type=RawValue,
                    parent_close_policy=ParentClosePolicy.TERMINATE,
                    cancellation_type=ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    search_attributes=TypedSearchAttributes(search_attributes(graph.name, None, self._run.tags)),
                    memo=memo(graph, None, self._run.tags, parent=parent.run_id, node=node.id),
                    static_summary=summary(f"{node.id} · {graph.name}"),
                )
            except WorkflowAlreadyStartedError:
                number += 1


def _signal(handle: Handle, name: str) -> None:
    asyncio.ensure_future(handle.signal(name)).add_done_callback(_log_failure)


def _log_failure(sending: asyncio.Future[None]) -> None:
    """A child that ended meanwhile cannot be signalled, and need not be."""
    if not sending.cancelled() and (error := sending.exception()) is not None:
        workflow.logger.info("a child run could not be signalled: %s", error)
