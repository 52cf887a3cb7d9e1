"""Starts, steers and awaits child runs: each is a stored graph that a control node runs as a child workflow."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from wand_orchestrator.contract.ids import child_run_id, run_id_at
from wand_orchestrator.contract.names import (
    ACTIVITY_START_RUN,
    WORKFLOW_GRAPH_RUN,
    own_activity_id,
)
from wand_orchestrator.contract.run import (
    NewRun,
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
from wand_orchestrator.workflows.arrivals.activity_results import run_result_of
from wand_orchestrator.workflows.control.base import failure
from wand_orchestrator.workflows.nodes.ancestry import Ancestry
from wand_orchestrator.workflows.nodes.budgets import Budgets
from wand_orchestrator.workflows.nodes.started_child import CarriedChild, Child, StartedChild
from wand_orchestrator.workflows.patches import patched
from wand_orchestrator.workflows.uncancelled import uncancelled

PATCH = "child-starts-before-cancel"

PATCH_CROSSING = "children-cross"
"""Before, Temporal ended the child runs of a history with it."""

PATCH_APART = "apart-by-start"

START_TIMEOUT = timedelta(seconds=30)
START_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=10))
"""For ever: while Temporal or the database is away, nothing starts."""

Handle = workflow.ChildWorkflowHandle[Any, Any]


class Children:
    """Manages the child runs of one run. `run`: its input. `budgets`: what their model calls are charged to. `carried`:
    what `carry` returned in the previous history.
    """

    def __init__(self, run: RunInput, carried: Mapping[str, Any], budgets: Budgets) -> None:
        self._run = run
        self._budgets = budgets
        self.ancestry = Ancestry(run.parent)
        self._children: dict[str, Child] = {node: CarriedChild(id) for node, id in carried.get("runs", {}).items()}
        self._going_on = set(self._children)
        self._paused: bool = carried.get("paused", False)
        self._unsent: list[str] = list(carried.get("unsent", ()))
        self.started: int = carried.get("started", 0)
        """Child runs that the run has started, in the histories before this one too."""

    def take_up(self) -> None:
        """Send the signals that were on their way when the previous history ended."""
        unsent, self._unsent = self._unsent, []
        for node in unsent:
            self._tell_gate(node)

    @property
    def stuck(self) -> bool:
        """Whether a child run is in flight that would end with this history."""
        return not all(child.crosses for child in self._children.values())

    def crosses(self, node: str) -> bool:
        """Return whether the child run of this node has begun, and can be awaited in the next history."""
        return node in self._children and self._children[node].crosses

    def goes_on(self, node: str) -> bool:
        """Return whether the child run of this node began in an earlier history, and is not awaited yet."""
        return node in self._going_on

    def carry(self) -> dict[str, Any]:
        """Return what the next history needs. Unsent signals are part of it: Temporal drops those when the history
        ends.
        """
        return {
            "runs": {node: child.run_id for node, child in self._children.items()},
            "paused": self._paused,
            "unsent": [node for node in dict.fromkeys(self._unsent) if node in self._children],
            "started": self.started,
        }

    def run_id(self, node: str) -> str | None:
        """Return the id of the child run that this node waits for, if any."""
        child = self._children.get(node)
        return None if child is None else child.run_id

    async def start(self, node: Node, graph: Graph, input: Any) -> str:
        """Start the child run of `node`, whose end `result` awaits; return its id."""
        child = self._children[node.id] = await self._started(node, graph, input)
        if self._paused:  # meanwhile
            self._tell_gate(node.id)
        return child.run_id

    async def start_apart(self, node: Node, graph: Graph, input: Any) -> str:
        """Start an independent run, for which this one does not wait; return its id."""
        self._require_room()
        await self.ancestry.admit()
        self.started += 1
        # A replay may come here at another time: see workflows.patches.
        moment = workflow.info().start_time if patched(PATCH_APART) else workflow.now()
        run_id = run_id_at(moment, workflow.random().getrandbits(80))
        run = RunInput(
            graph=graph,
            subgraphs=self._run.subgraphs,
            depth=self._run.depth + 1,
            limits=self._run.limits,
            **self._run.of_part(input).said(),
        )
        await workflow.execute_activity(
            ACTIVITY_START_RUN,
            NewRun(run_id=run_id, run=run),
            activity_id=own_activity_id(f"start-{run_id}"),
            start_to_close_timeout=START_TIMEOUT,
            retry_policy=START_RETRY,
            summary=summary(f"{node.id} · {graph.name}"),
        )
        return run_id

    async def result(self, node: Node) -> RunResult:
        self._going_on.discard(node.id)
        child = self._children[node.id]
        try:
            return run_result_of(await child.result())
        finally:
            del self._children[node.id]
            self._budgets.children.child_ended(child.run_id)

    def gate(self, paused: bool) -> None:
        """Pass a pause or a resume on to all child runs."""
        self._paused = paused
        for node in self._children:
            self._tell_gate(node)

    def _tell_gate(self, node: str) -> None:
        self._unsent.append(node)
        sending = asyncio.ensure_future(self._children[node].signal(SIGNAL_PAUSE if self._paused else SIGNAL_RESUME))
        sending.add_done_callback(partial(self._sent, node))

    def _sent(self, node: str, sending: "asyncio.Future[None]") -> None:
        """Remove a signal that was sent. One to a child that has ended meanwhile fails, which is logged only."""
        self._unsent.remove(node)
        if not sending.cancelled() and (error := sending.exception()) is not None:
            workflow.logger.info("a child run could not be signalled: %s", error)

    async def _started(self, node: Node, graph: Graph, input: Any) -> Child:
        """Start the child and return it. A cancellation during the start is applied afterwards: if it cancelled the
        start itself, it could get lost, or leave a child that nobody awaits.
        """
        if not patched(PATCH):
            return StartedChild(await self._start(node, graph, input, crosses=False), crosses=False)
        self._require_room()
        await self.ancestry.admit()
        self.started += 1
        crosses = patched(PATCH_CROSSING)
        starting = asyncio.ensure_future(self._start(node, graph, input, crosses))
        cancelled = await uncancelled(starting)
        handle = starting.result()
        if cancelled:
            handle.cancel()
        return StartedChild(handle, crosses)

    def _require_room(self) -> None:
        """Raise ApplicationError if another child run would exceed the run's limits."""
        limits = self._run.limits
        if self._run.depth >= limits.depth:
            raise failure("nested_too_deep", f"{limits.depth} runs stand within one another, and no more may")
        if self.started >= limits.runs:
            raise failure("too_many_children", f"the run has started {limits.runs} child runs, and no more may be")

    async def _start(self, node: Node, graph: Graph, input: Any, crosses: bool) -> Handle:
        """Start the child workflow under a new id: a node that runs again has had a child before, whose events are
        stored.
        """
        above = () if self._run.parent is None else self._run.parent.names_of(node.id)
        parent = RunParent(
            run_id=workflow.info().workflow_id,
            node=node.id,
            watched=crosses,
            above=above,
            has_budget=self._budgets.spending.charges(node.id),
        )
        order = RunInput(
            graph=graph,
            parent=parent,
            subgraphs=self._run.subgraphs,
            depth=self._run.depth + 1,
            limits=self._run.limits,
            reads=self._run.earlier_runs,
            **self._run.of_part(input).said(),
        )
        number = 1
        while True:
            try:
                return await workflow.start_child_workflow(
                    WORKFLOW_GRAPH_RUN,
                    args=[order, None],
                    id=child_run_id(parent.run_id, node.id, number),
                    result_type=RawValue,
                    parent_close_policy=ParentClosePolicy.ABANDON if crosses else ParentClosePolicy.TERMINATE,
                    cancellation_type=ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    search_attributes=TypedSearchAttributes(search_attributes(graph.name, None, self._run.tags)),
                    memo=memo(graph, None, self._run.tags, parent=parent.run_id, node=node.id),
                    static_summary=summary(f"{node.id} · {graph.name}"),
                )
            except WorkflowAlreadyStartedError:
                number += 1
