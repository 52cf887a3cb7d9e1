"""The workflow `GraphRun`: one run of a graph.

It carries out what the scheduler says and tells the scheduler what happened; events go to the journal. Whatever happens
(a node ended, the deadline passed, the run was cancelled) is put into a mailbox and taken out by the one loop in
`_walk`, so that state changes in one place and in one order.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeUpdate
from temporalio.exceptions import ApplicationError, is_cancelled_exception

from wand_orchestrator.contract import (
    ACTIVITY_ARCHIVE,
    EXTERN_RING,
    QUERY_EVENTS,
    QUERY_PROGRESS,
    QUERY_STATE,
    SIGNAL_REPORT,
    WAND_GRAPH,
    WAND_GRAPH_ID,
    WORKFLOW_GRAPH_RUN,
    AgentCall,
    AgentResult,
    Archive,
    EventPage,
    Report,
    RunInput,
    RunResult,
    StatePage,
)
from wand_orchestrator.expressions import ExpressionError, resolve_input
from wand_orchestrator.graph import Node
from wand_orchestrator.state import Failure, RunState
from workflows import entries
from workflows.activity_options import activity_options
from workflows.details import details
from workflows.failures import NodeFailure, node_failure
from workflows.journal import Journal
from workflows.opening import open_run
from workflows.rollover import Rollover
from workflows.scheduler import Decision, Outcome, Scheduler, Start

ARCHIVE_CHUNK = 500
ARCHIVE_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=10))
"""For ever: a run does not end before its journal is in the database."""

DEADLINE_MARGIN = timedelta(minutes=1)
"""So much later than the run's own deadline does Temporal end what is in flight."""


@workflow.defn(name=WORKFLOW_GRAPH_RUN)
class GraphRun:
    """Runs a graph of agents: every node is an activity whose id is the node's id and whose type is its agent."""

    @workflow.init
    def __init__(self, document: dict[str, Any]) -> None:
        self._run: RunInput = open_run(document)
        carried = self._run.carried or {}
        graph = self._run.graph
        self._journal = Journal(workflow.now, _ring(), RunState.model_validate(carried["state"]) if carried else None)
        self._scheduler = Scheduler.restore(graph, carried["scheduler"]) if carried else Scheduler(graph)
        self._deadline = _deadline(graph.options.run_timeout_sec, carried.get("deadline"))
        self._activities: dict[str, workflow.ActivityHandle[AgentResult]] = {}
        self._mailbox: deque[Callable[[], None]] = deque()
        self._rollover = Rollover(wake=lambda: self._mailbox.append(lambda: None))

    # The run

    @workflow.run
    async def run(self, document: dict[str, Any]) -> RunResult:
        """Walk the graph to its end, put the journal into the database, and end as the run ended."""
        self._open()
        timer = self._start_deadline()
        while (outcome := await self._walk()) is None:
            if await self._archive(None):
                self._cancel()
            else:
                workflow.continue_as_new(self._carry())
        if timer is not None:
            timer.cancel()
        result = self._close(outcome)
        await self._archive(result)
        return self._end(outcome, result)

    async def _walk(self) -> Outcome | None:
        """Until the run has ended, or, with None, is to go on in a new history; nothing is in flight then."""
        while True:
            self._start_nodes()
            workflow.set_current_details(details(self._run.graph, self._journal.state, self._scheduler.in_flight))
            if (outcome := self._scheduler.outcome) is not None:
                return outcome
            if self._rollover.due and self._scheduler.idle:
                return None
            try:
                await workflow.wait_condition(lambda: bool(self._mailbox))
            except asyncio.CancelledError:
                self._cancel()
            while self._mailbox:
                self._mailbox.popleft()()

    def _open(self) -> None:
        if self._run.carried is not None:
            return
        if workflow.info().typed_search_attributes.get(WAND_GRAPH) is None:
            workflow.upsert_search_attributes(_search_attributes(self._run))
        self._journal.append(entries.run_started(self._run.graph))

    def _start_deadline(self) -> asyncio.Task[None] | None:
        if self._deadline is None:
            return None
        remaining = max(timedelta(0), self._deadline - workflow.now())
        timer = asyncio.ensure_future(workflow.sleep(remaining, summary="run deadline"))
        timer.add_done_callback(lambda done: None if done.cancelled() else self._mailbox.append(self._time_out))
        return timer

    def _time_out(self) -> None:
        self._scheduler.time_out()
        self._cancel_activities()

    def _cancel(self) -> None:
        if not self._scheduler.stopping:
            self._scheduler.cancel()
            self._journal.append(entries.run_cancelling())
        self._cancel_activities()

    def _cancel_activities(self) -> None:
        """Nothing new starts any more; what is in flight is cancelled, and awaited by the loop."""
        for handle in self._activities.values():
            handle.cancel()

    # Nodes

    def _start_nodes(self) -> None:
        if self._rollover.drains():
            return
        while (start := self._scheduler.next_start()) is not None:
            self._start_node(start)

    def _start_node(self, start: Start) -> None:
        node, info = start.node, workflow.info()
        try:
            params = resolve_input(node.params, self._run.input)
        except ExpressionError as error:
            self._fail_node(node, NodeFailure.of(node, error.code, f"params: {error}"))
            return
        self._journal.append(entries.node_scheduled(node))
        handle = workflow.start_activity(
            node.type,
            AgentCall(params=params, input=start.input, idempotency_key=f"{info.workflow_id}/{node.id}"),
            result_type=AgentResult,
            **activity_options(node, self._run.graph.options, self._remaining()),
        )
        self._activities[node.id] = handle
        handle.add_done_callback(lambda _: self._mailbox.append(partial(self._settle_node, node)))

    def _remaining(self) -> timedelta | None:
        return None if self._deadline is None else self._deadline - workflow.now() + DEADLINE_MARGIN

    def _settle_node(self, node: Node) -> None:
        handle = self._activities.pop(node.id)
        error = asyncio.CancelledError() if handle.cancelled() else handle.exception()
        if error is None:
            self._succeed_node(node, handle.result())
        elif self._scheduler.stopping and is_cancelled_exception(error):
            self._scheduler.cancelled(node.id)
            self._append(entries.node_cancelled(node))
        else:
            self._fail_node(node, node_failure(node, self._run.graph.options, error))

    def _succeed_node(self, node: Node, result: AgentResult) -> None:
        self.report(result.reports)
        decisions = self._scheduler.succeeded(node.id, result.output)
        self._append(entries.node_succeeded(node, result))
        self._announce(decisions)

    def _fail_node(self, node: Node, failed: NodeFailure) -> None:
        self.report(failed.details.reports)
        decisions = self._scheduler.failed(node.id, failed.failure)
        self._append(entries.node_failed(node, failed))
        self._announce(decisions)

    def _announce(self, decisions: list[Decision]) -> None:
        """Tell of the nodes that were settled without having run; what happened may also have stopped the run."""
        for decision in decisions:
            self._append(entries.node_decided(decision))
        if self._scheduler.stopping:
            self._cancel_activities()

    def _append(self, entry: entries.Entry) -> None:
        self._journal.append(entry, self._scheduler.progress)

    # The end

    def _close(self, outcome: Outcome) -> RunResult | None:
        """The run's last event, and its result if it succeeded."""
        graph = self._run.graph
        match outcome:
            case Outcome.SUCCEEDED:
                self._journal.append(entries.run_succeeded(graph), progress=100)
                outputs, sinks, skipped = self._scheduler.result()
                return RunResult(outputs=outputs, sinks=sinks, skipped=skipped)
            case Outcome.CANCELLED:
                self._journal.append(entries.run_cancelled(graph))
            case Outcome.FAILED:
                self._journal.append(entries.run_failed(graph, self._failure(outcome)))
            case Outcome.TIMED_OUT:
                self._journal.append(entries.run_timed_out(graph, self._failure(outcome)))
        return None

    def _failure(self, outcome: Outcome) -> Failure:
        if outcome is Outcome.FAILED and self._scheduler.failure is not None:
            return self._scheduler.failure
        seconds = self._run.graph.options.run_timeout_sec
        return Failure(code="run_timeout", message=f"the run took longer than its {seconds:g} s")

    def _end(self, outcome: Outcome, result: RunResult | None) -> RunResult:
        """Give the result, or end the workflow as Temporal knows it: cancelled, or failed with the run's code."""
        workflow.set_current_details(details(self._run.graph, self._journal.state, ()))
        if result is not None:
            return result
        if outcome is Outcome.CANCELLED:
            raise asyncio.CancelledError
        failure = self._failure(outcome)
        raise ApplicationError(failure.message, failure, type=failure.code, non_retryable=True)

    async def _archive(self, result: RunResult | None) -> bool:
        """Write what the database does not have yet. Answers whether the run was asked to cancel meanwhile."""
        cancelled = False
        while events := self._journal.unarchived(ARCHIVE_CHUNK):
            archive = Archive(
                run_id=workflow.info().workflow_id,
                graph_id=self._run.graph_id,
                name=self._run.graph.name,
                events=events,
                result=result,
            )
            writing = workflow.start_local_activity(
                ACTIVITY_ARCHIVE,
                archive,
                start_to_close_timeout=timedelta(seconds=30),
                retry_policy=ARCHIVE_RETRY,
                local_retry_threshold=timedelta(seconds=2),
                summary=f"events {events[0].seq} to {events[-1].seq} to the database",
            )
            cancelled = await _uncancelled(writing) or cancelled
            self._journal.archived_to(events[-1].seq)
        return cancelled

    def _carry(self) -> dict[str, Any]:
        carried = {
            "scheduler": self._scheduler.carry(),
            "state": self._journal.state,
            "deadline": self._deadline,
        }
        return self._run.model_copy(update={"carried": carried}).model_dump(mode="json", by_alias=True)

    # Queries and signals

    @workflow.signal(name=SIGNAL_REPORT, description="Log lines, progress and failed attempts, sent by the workers.")
    def report(self, reports: Sequence[Report]) -> None:
        for report in reports:
            self._journal.append(entries.reported(report))

    @workflow.query(name=QUERY_STATE, description="The run and `limit` of its nodes from `offset`, in graph order.")
    def state(self, offset: int = 0, limit: int = 1000) -> StatePage:
        nodes = self._run.graph.nodes
        state = self._journal.state
        shown = {node.id: state.nodes[node.id] for node in nodes[offset : offset + limit] if node.id in state.nodes}
        return StatePage(state=state.model_copy(update={"nodes": shown}), total_nodes=len(nodes))

    @workflow.query(name=QUERY_EVENTS, description="At most `limit` events with a seq above `after`.")
    def events(self, after: int = 0, limit: int = 500) -> EventPage:
        return self._journal.page(max(0, after), max(1, limit))

    @workflow.query(name=QUERY_PROGRESS, description="Settled nodes of all nodes, in whole percent.")
    def progress(self) -> int:
        return self._journal.state.progress


def _ring() -> Callable[[], None]:
    """Tells a relay in this process that the journal grew; replayed events are known already."""
    ring: Callable[[str], None] | None = workflow.extern_functions().get(EXTERN_RING)
    if ring is None:
        return lambda: None
    run_id = workflow.info().workflow_id
    return lambda: None if workflow.unsafe.is_replaying() else ring(run_id)


def _deadline(run_timeout_sec: float | None, carried: str | None) -> datetime | None:
    if carried is not None:
        return datetime.fromisoformat(carried)
    return None if run_timeout_sec is None else workflow.now() + timedelta(seconds=run_timeout_sec)


def _search_attributes(run: RunInput) -> list[SearchAttributeUpdate[str]]:
    """For a run that was started from the `temporal` CLI; the API sets them at the start."""
    updates = [WAND_GRAPH.value_set(run.graph.name)]
    return updates if run.graph_id is None else [*updates, WAND_GRAPH_ID.value_set(run.graph_id)]


async def _uncancelled(task: asyncio.Future[Any]) -> bool:
    """Await the task to its end, whatever cancels the caller meanwhile; answers whether something did."""
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    return cancelled
