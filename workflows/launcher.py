"""Starts a node: an agent as an activity, a control node as a coroutine, a stored graph as a child workflow."""

import asyncio
from collections.abc import Callable
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import is_cancelled_exception
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from wand_orchestrator.contract import (
    SIGNAL_PAUSE,
    SIGNAL_RESUME,
    WAND_GRAPH,
    WORKFLOW_GRAPH_RUN,
    AgentResult,
    RunInput,
    RunParent,
    RunResult,
)
from wand_orchestrator.graph import Graph, Node
from workflows import entries
from workflows.activities import Activities
from workflows.failures import node_failure
from workflows.flow.control import Control, Given, failure
from workflows.flow.kinds import CONTROLS


class Launcher:
    """Starts nodes of one run, and is the host of its control nodes.

    `tell` puts an entry into the journal; `holds_back` says that nothing new is to start.
    """

    def __init__(
        self,
        run: RunInput,
        activities: Activities,
        tell: Callable[[entries.Entry], None],
        holds_back: Callable[[], bool],
    ) -> None:
        self._run = run
        self._activities = activities
        self._tell = tell
        self._holds_back = holds_back
        self._given: dict[str, Given] = {}
        self._controls: dict[str, Control] = {}
        self._children: dict[str, workflow.ChildWorkflowHandle[Any, RunResult]] = {}

    def launch(self, given: Given) -> asyncio.Future[AgentResult]:
        """Start a node; the future gives its result or raises why it failed. Cancel it to cancel the node.

        Raises pydantic's ValidationError for params that a control node does not take.
        """
        kind = CONTROLS.get(given.node.type)
        if kind is None:
            return self._activities.start(given.node, given.params, given.input)
        control = kind(given, self)
        self._given[given.node.id], self._controls[given.node.id] = given, control
        return asyncio.ensure_future(self._carry_out(control))

    def control(self, node: str) -> Control | None:
        """The control node of that id, if it is in flight."""
        return self._controls.get(node)

    def rests(self, in_flight: tuple[str, ...]) -> bool:
        """Whether all of these would survive a new history."""
        return all(node in self._controls and not self._controls[node].busy for node in in_flight)

    def carry(self) -> dict[str, Any]:
        """Control nodes in flight, for the next history."""
        return {
            node: {"params": self._given[node].params, "input": self._given[node].input, "state": control.carry()}
            for node, control in self._controls.items()
        }

    def signal_children(self, paused: bool) -> None:
        """Pass a pause or a resume on to the child runs."""
        for handle in self._children.values():
            sending = asyncio.ensure_future(handle.signal(SIGNAL_PAUSE if paused else SIGNAL_RESUME))
            sending.add_done_callback(_log_failure)

    # As the host of control nodes

    def tell(self, entry: entries.Entry) -> None:
        self._tell(entry)

    @property
    def holds_back(self) -> bool:
        return self._holds_back()

    def subgraph(self, name: str) -> Graph:
        graph = self._run.subgraphs.get(name)
        if graph is None:
            raise failure("unknown_graph", f"the run was started without the stored graph {name!r}")
        return graph

    async def run_agent(self, node: Node, params: dict[str, Any], input: dict[str, Any]) -> AgentResult:
        """One part of a control node, with events of its own."""
        self._tell(entries.node_scheduled(node))
        try:
            result = await self._activities.start(node, params, input)
        except BaseException as error:
            self._tell_ending(node, error)
            raise
        for report in result.reports:
            self._tell(entries.reported(report))
        self._tell(entries.node_succeeded(node, result))
        return result

    async def run_graph(self, node: Node, graph: Graph, input: Any) -> Any:
        parent = RunParent(run_id=workflow.info().workflow_id, node=node.id)
        child_id = f"{parent.run_id}.{node.id}"
        handle = await workflow.start_child_workflow(
            WORKFLOW_GRAPH_RUN,
            RunInput(graph=graph, input=input, parent=parent, subgraphs=self._run.subgraphs),
            id=child_id,
            result_type=RunResult,
            parent_close_policy=ParentClosePolicy.TERMINATE,
            cancellation_type=ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
            search_attributes=TypedSearchAttributes([SearchAttributePair(WAND_GRAPH, graph.name)]),
            static_summary=f"{node.id} · {graph.name}",
        )
        self._tell(entries.child_started(node, child_id))
        self._children[node.id] = handle
        try:
            return (await handle).outputs
        finally:
            del self._children[node.id]

    async def _carry_out(self, control: Control) -> AgentResult:
        try:
            return AgentResult(output=await control.run())
        finally:
            del self._controls[control.node.id], self._given[control.node.id]

    def _tell_ending(self, node: Node, error: BaseException) -> None:
        if is_cancelled_exception(error):
            self._tell(entries.node_cancelled(node))
            return
        failed = node_failure(node, self._run.graph.options, error)
        for report in failed.details.reports:
            self._tell(entries.reported(report))
        self._tell(entries.node_failed(node, failed))


def _log_failure(sending: asyncio.Future[None]) -> None:
    """A child that ended meanwhile cannot be signalled, and need not be."""
    if not sending.cancelled() and (error := sending.exception()) is not None:
        workflow.logger.info("a child run could not be signalled: %s", error)
