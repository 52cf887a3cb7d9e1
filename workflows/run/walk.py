"""Carries out the scheduler's decisions: starts nodes, awaits their ends, and reports them to scheduler and journal.

Whatever happens (a node ended, the deadline passed, somebody steers) is put into a mailbox or done at once, and then
the one loop in `to_the_end` goes on; state changes in one order, which a replay repeats.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic import ValidationError
from temporalio import workflow
from temporalio.exceptions import ApplicationError, is_cancelled_exception

from wand_orchestrator.contract.codes import RUN_TIMEOUT
from wand_orchestrator.contract.misfits import fields_at_fault
from wand_orchestrator.contract.model_call import UsageTotal
from wand_orchestrator.contract.names import (
    EXTERN_OUTPUT,
)
from wand_orchestrator.contract.node import (
    AgentResult,
    Report,
)
from wand_orchestrator.contract.run import (
    RunInput,
    RunResult,
)
from wand_orchestrator.contract.spending import BudgetChange
from wand_orchestrator.contract.state import Failure
from wand_orchestrator.contract.steering import (
    Answer,
)
from wand_orchestrator.graph import Graph, Node
from wand_orchestrator.graphs.expressions import ExpressionError
from wand_orchestrator.graphs.llm_node import LLM_NAME
from wand_orchestrator.graphs.node_values import NodeValues, node_values
from wand_orchestrator.graphs.references import Scope
from wand_orchestrator.workflows.arrivals.activity_results import result_of
from wand_orchestrator.workflows.control.base import Given
from wand_orchestrator.workflows.control.event_inbox import EventInbox
from wand_orchestrator.workflows.journal import event_texts
from wand_orchestrator.workflows.journal.journal import Journal
from wand_orchestrator.workflows.journal.node_failures import Losses, NodeFailure, node_failure
from wand_orchestrator.workflows.nodes.agent_activities import Activities
from wand_orchestrator.workflows.nodes.ancestry import Ancestry
from wand_orchestrator.workflows.nodes.attempts import Attempts
from wand_orchestrator.workflows.nodes.budgets import Budgets
from wand_orchestrator.workflows.nodes.child_runs import Children
from wand_orchestrator.workflows.nodes.mcp_calls import McpCalls
from wand_orchestrator.workflows.nodes.model_calls import ModelCalls
from wand_orchestrator.workflows.nodes.node_runner import NodeRunner
from wand_orchestrator.workflows.nodes.workflow_task import WorkflowTask
from wand_orchestrator.workflows.patches import patched
from wand_orchestrator.workflows.projections.to_archive import root_of_run
from wand_orchestrator.workflows.projections.to_values import values_of
from wand_orchestrator.workflows.projections.to_web_ui import Details
from wand_orchestrator.workflows.run.carried_walk import CarriedWalk
from wand_orchestrator.workflows.run.kept_outputs import Kept
from wand_orchestrator.workflows.run.refusals import Refusals
from wand_orchestrator.workflows.run.rollover import Rollover
from wand_orchestrator.workflows.run.run_deadline import RunDeadline
from wand_orchestrator.workflows.scheduler import Decision, Outcome, Scheduler, Start

PATCH_CANCEL_FIRST = "cancel-before-updates"
PATCH_START_FIRST = "start-before-edges"


FORMER_STEPS = 3
"""A control node resumes its agents in two steps of the event loop."""

STEPS = 10
"""An item of a map that is a conversation resumes the calls of its tools in six."""


class Walk:
    """Carries out one run of a graph. `carried`: what `carry` returned in the previous history.

    `each_turn` is called in each turn of the loop; `write_ahead`: see Rollover.
    """

    def __init__(
        self,
        run: RunInput,
        journal: Journal,
        carried: dict[str, Any] | None,
        events: EventInbox,
        each_turn: Callable[[], None],
        write_ahead: "Callable[[], asyncio.Future[Any]]",
    ) -> None:
        before = CarriedWalk(carried)
        self._run = run
        self._each_turn = each_turn
        self._graph = run.graph
        self._journal = journal
        self._deadline = RunDeadline(before.budget(run.graph.options), passed=lambda: self._put(self._time_out))
        self._details = Details(run.graph)
        self._in_flight: dict[str, asyncio.Future[Any]] = {}
        self._skipping: set[str] = set()
        self._given: dict[str, Given] = {}
        self._losses = Losses(before.losses)
        self._skipped_before = before.skipping
        self._attempts = Attempts(self._append, before.attempts)
        self._steered_at: int | None = None
        self._mailbox: deque[Callable[[], None]] = deque()
        self._rollover = Rollover(
            self._wake, lambda: self._activities.regular, lambda: self._launcher.children.stuck, write_ahead
        )
        self._task = WorkflowTask(wake=self._wake)
        self._scheduler = (
            Scheduler(run.graph, self._task, run.limits)
            if before.scheduler is None
            else Scheduler.restore(run.graph, before.scheduler, self._task, run.limits)
        )
        self._paused = self._scheduler.paused
        self._crossed = before.crosses
        self._restored = before.controls
        self._steps = STEPS if before.parts or _converses(run.graph, before.controls) else FORMER_STEPS
        self._tell_values = values_of(run)
        self._why_paused: str | None = None
        self.budgets = Budgets(run, before.budgets, self._pause_for_budget, lambda: self._scheduler.paused, self._wake)
        self._activities = self._activities_of(before)
        self._launcher = self._launcher_of(before, events)
        self.refuse = Refusals(self._scheduler, journal, self._launcher, self._skipping, self.budgets.spending)
        self._record: Callable[[str, Any], None] = workflow.extern_functions().get(EXTERN_OUTPUT, _forget)

    def _activities_of(self, before: CarriedWalk) -> Activities:
        run = self._run
        root = root_of_run(run)
        return Activities(
            run.graph.options,
            self._task,
            self._append,
            self._attempts,
            self._rollover.started,
            before.slow_agents,
            before.crossing,
            (() if root is None else (root,)) + run.earlier_runs,
            run.limits.input_bytes,
            run.parent,
        )

    def _launcher_of(self, before: CarriedWalk, events: EventInbox) -> NodeRunner:
        return NodeRunner(
            self._run,
            self._task,
            self._activities,
            self._tell,
            self._attempts,
            self._losses,
            self._holds_back,
            before.left,
            Children(self._run, before.child_runs, self.budgets),
            events,
            self._tell_values,
            self._model_calls_of(before),
            McpCalls(self._activities, self._graph.options, before.mcp_tools),
            before.parts,
        )

    def _model_calls_of(self, before: CarriedWalk) -> ModelCalls:
        def usage_of(part: str) -> UsageTotal | None:
            known = self._journal.state.nodes.get(part)
            return None if known is None else known.usage

        options = self._graph.options
        return ModelCalls(
            self.budgets.spending, self._attempts, options, usage_of, self._holds_back, before.model_calls
        )

    @property
    def ancestry(self) -> Ancestry:
        return self._launcher.children.ancestry

    async def to_the_end(self) -> Outcome | None:
        """Run the graph; return its outcome, or None if the run is to continue in a new history, with all that is in
        flight.
        """
        if decisions := self._scheduler.open(self._run.input):
            self._announce(decisions)
        while True:
            self._keep_time()
            self._rollover.look(self._scheduler.stopping)
            self._judge()
            self._start_nodes()
            self.describe()
            self._each_turn()
            outcome = self._scheduler.outcome
            if outcome is not None and self.budgets.idle and not self._steered_just_now():
                self._deadline.stop()
                return outcome
            if outcome is not None and self.budgets.idle:
                self._task.end()
            elif self.crosses:
                return None
            try:
                await workflow.wait_condition(lambda: bool(self._mailbox))
            except asyncio.CancelledError:
                self.cancel()
            while self._mailbox:
                self._mailbox.popleft()()

    @property
    def crosses(self) -> bool:
        """Whether the run is to continue in a new history now, and all that is in flight can come along. A run that is
        stopping ends in this history: nothing new starts, and the cancellation would have to be passed on again.
        """
        if not self._rollover.due or self._scheduler.judging or self._scheduler.stopping or not self.budgets.idle:
            return False
        crossing = self._activities.crossing(self._rollover.crossing or {})
        return self._launcher.rests(self._scheduler.in_flight, crossing) and not any(
            self._in_flight[node].done() or self._launcher.control(node)
            for node in (*self._skipping, *self._scheduler.spare)
        )

    def _steered_just_now(self) -> bool:
        """Return whether an update in the current workflow task ended the run. The SDK applies updates before all else
        of a task: a cancellation that was asked for earlier may yet come, and then it is what ends the run.
        """
        if self._scheduler.stopping or self._steered_at != workflow.info().get_current_history_length():
            return False
        return patched(PATCH_CANCEL_FIRST)

    def keep(self, kept: Kept) -> None:
        """Count these nodes as succeeded, as they did in the run that this one retries; call it before `to_the_end`."""
        self._launcher.keep(kept.done)
        self.budgets.spending.keep(kept.spent, self._run.retry_of.budget if self._run.retry_of else None)
        decisions = self._scheduler.keep(kept.outputs)
        for node, output in kept.outputs.items():
            self._record(node, output)
            self._tell_values.ended(node, output)
            self._append(event_texts.node_kept(node))
        self._announce(decisions)

    def describe(self) -> None:
        """Update the current details that Temporal's Web UI shows."""
        state = self._journal.state
        workflow.set_current_details(self._details.text(state, self._scheduler.in_flight, self._launcher.asks))

    def carry(self) -> dict[str, Any]:
        """Return what the next history needs. Only control nodes at rest and agents that cross may be in flight."""
        remaining = self._deadline.remaining
        crossing = self._activities.crossing(self._rollover.crossing or {})
        controls = self._launcher.carry()
        agents = {
            node: {
                "params": given.params,
                "input": given.input,
                "state": None,
                "earlier_attempts": given.earlier_attempts,
            }
            for node, given in self._given.items()
            if node not in controls
        }
        return {
            "scheduler": self._scheduler.carry(),
            "controls": controls | agents,
            "crossing": crossing,
            "attempts": self._attempts.carry(crossing.keys() | self._in_flight.keys()),
            "skipping": list(self._skipping),
            "losses": self._losses.carry(),
            "left": self._launcher.left,
            "parts": self._launcher.parts.carry(),
            "child_runs": self._launcher.children.carry(),
            "budgets": self.budgets.carry(),
            "model_calls": self._launcher.model_calls.carry(),
            "slow_agents": self._activities.slow,
            "mcp_tools": self._launcher.mcp.carry(),
            "deadline_sec": None if remaining is None else remaining.total_seconds(),
        }

    def result(self) -> RunResult:
        return self._scheduler.result()

    def failure(self, outcome: Outcome) -> Failure:
        """Return why a run with this outcome did not succeed."""
        if outcome is Outcome.FAILED and self._scheduler.failure is not None:
            return self._scheduler.failure
        if outcome is Outcome.TIMED_OUT:
            seconds = self._graph.options.run_timeout_sec
            return Failure(code=RUN_TIMEOUT, message=f"the run took longer than its {seconds:g} s")
        return Failure(code=outcome.value, message="the run was cancelled")

    # Steering

    def cancel(self) -> None:
        if not self._scheduler.stopping:
            self._scheduler.cancel()
            self._journal.append(event_texts.run_cancelling())
        self._cancel_nodes()

    def pause(self) -> None:
        self._gate(self._scheduler.pause)

    def resume(self) -> None:
        self._gate(self._scheduler.resume)

    def change_budget(self, change: BudgetChange) -> None:
        """Replace a budget; a run that is paused because that budget is used up still has to be resumed."""
        self.budgets.spending.change(change)
        self._append(event_texts.budget_changed(change.budget, change.node))
        self._wake()

    def skip(self, node: str) -> None:
        """Skip the node; one that is in flight is cancelled first, and counts as skipped however it then ends."""
        self._note_steering()
        if self._launcher.may_be_skipped(node):
            self._launcher.skip(node)
        elif node in self._in_flight:
            self._skipping.add(node)
            self._in_flight[node].cancel()
        else:
            self._gate(partial(self._settle_skipped, node))

    def respond(self, answer: Answer) -> None:
        self._note_steering()
        approval = self._launcher.approval(answer.node)
        assert approval is not None
        approval.respond(answer)

    def holds(self, node: str) -> bool:
        return node in self._scheduler.held

    def hurry(self, node: str) -> bool:
        """End the node's wait for its next attempt, if it waits in the workflow itself; return whether it did."""
        return self._activities.hurry(node)

    def retry(self, node: str) -> None:
        """Run a held node again."""
        self._gate(partial(self._scheduler.retry, node))

    def report(self, reports: Sequence[Report]) -> None:
        """Journal workers' reports of nodes that have begun; reports of other nodes are ignored."""
        self._attempts.report([report for report in reports if report.node in self._journal.state.nodes])

    def _note_steering(self) -> None:
        self._steered_at = workflow.info().get_current_history_length()

    def _gate(self, change: Callable[[], None]) -> None:
        """Apply a change that may pause or resume the run, and journal it if it did."""
        change()
        self._tell_pause()
        self._wake()

    def _tell_pause(self) -> None:
        """Journal a pause or resume since the last call, and pass it on to child runs."""
        before, self._paused = self._paused, self._scheduler.paused
        if self._paused != before and not self._scheduler.stopping:
            paused = event_texts.run_paused(self._scheduler.held, self._why_paused)
            self._journal.append(paused if self._paused else event_texts.run_resumed())
            self._launcher.children.gate(self._paused)

    def _pause_for_budget(self, reason: str) -> None:
        self._why_paused = reason
        self.pause()
        self._why_paused = None

    # The loop's parts

    def _put(self, what: Callable[[], None]) -> None:
        self._mailbox.append(what)

    def _wake(self) -> None:
        self._put(lambda: None)

    def _keep_time(self) -> None:
        if self._scheduler.paused and not self._scheduler.stopping:
            self._deadline.stop()
        else:
            self._deadline.start()

    def _time_out(self) -> None:
        self._scheduler.time_out()
        self._cancel_nodes()

    def _cancel_nodes(self) -> None:
        """Cancel all nodes in flight; the loop awaits their ends."""
        for future in self._in_flight.values():
            future.cancel()

    def _holds_back(self) -> bool:
        return self._scheduler.paused or self._scheduler.stopping or self._rollover.draining or self._task.full

    async def take_up(self) -> None:
        """Resume what was in flight in the previous history."""
        self._launcher.children.take_up()
        self.budgets.children.take_up()
        restored, self._restored = self._restored, {}
        nodes = {node.id: node for node in self._graph.nodes if node.id in restored}
        for id, held in restored.items():
            earlier = held.get("earlier_attempts", 0)
            self._await(nodes[id], Given(nodes[id], held["params"], held["input"], held["state"], earlier))
        if self._crossed:
            await self._begun()
        skipping, self._skipped_before = self._skipped_before, []
        for id in skipping:
            self.skip(id)
        for id in self._scheduler.spare:
            self._in_flight[id].cancel()

    async def _begun(self) -> None:
        """Let control nodes resume their agents before any cancel: a task that is cancelled before its first step does
        nothing, and its agents would go on.
        """
        self._crossed = False
        for _ in range(self._steps):
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                self._put(self.cancel)

    # Nodes

    def _judge(self) -> None:
        """Evaluate edges for which an earlier workflow task had no room. Ready nodes start first: they have waited long
        enough.
        """
        if not self._scheduler.judging or self._scheduler.stopping:
            return
        if patched(PATCH_START_FIRST):
            self._start_nodes()
        self._announce(self._scheduler.go_on())

    def _start_nodes(self) -> None:
        if self._rollover.draining:
            return
        while not self._task.full and (start := self._scheduler.next_start()) is not None:
            self._start_node(start)

    def _start_node(self, start: Start) -> None:
        node = start.node
        try:
            values = self._values(start)
        except ExpressionError as error:
            self._fail(node, NodeFailure.of(node, error.code, error.message))
            return
        self._journal.append(event_texts.node_scheduled(node))
        self._attempts.begin(node.id)
        self._await(node, Given(node, values.params, values.input))

    def _values(self, start: Start) -> NodeValues:
        with self._task.evaluation() as budget:
            return node_values(start.node, start.input, Scope(self._run.input, now=self._task.now()), budget)

    def _await(self, node: Node, given: Given) -> None:
        """Start the node; its end is put into the mailbox."""
        try:
            future = self._launcher.launch(given)
        except ValidationError as error:
            self._fail(node, NodeFailure.of(node, "invalid_params", fields_at_fault(error, "params")))
        except ApplicationError as error:
            self._fail(node, node_failure(node, self._graph.options, error))
        else:
            self._in_flight[node.id], self._given[node.id] = future, given
            future.add_done_callback(lambda _: self._put(partial(self._settle, node)))

    def _settle(self, node: Node) -> None:
        future, given = self._in_flight.pop(node.id), self._given.pop(node.id)
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if node.id in self._skipping:
            self._skipping.discard(node.id)
            self._gate(partial(self._settle_skipped, node.id))
        elif error is None:
            self._take(node, future.result())
        elif self._is_let_go(node.id) and is_cancelled_exception(error):
            reason = self._scheduler.why_spare(node.id)
            decisions = self._scheduler.cancelled(node.id)
            self._append(event_texts.node_cancelled(node, None if self._scheduler.stopping else reason))
            if decisions:
                self._announce(decisions)
        else:
            failed = node_failure(node, self._graph.options, error, given.earlier_attempts)
            if not self._is_let_go(node.id) and self._losses.is_given_again(node.id, failed):
                self._give_again(node, given, failed)
            else:
                self._fail(node, failed)

    def _is_let_go(self, node: str) -> bool:
        """Return whether the node is being cancelled, with the run or alone."""
        return self._scheduler.stopping or self._scheduler.why_spare(node) is not None

    def _take(self, node: Node, given: Any) -> None:
        try:
            result = result_of(given)
        except ApplicationError as error:
            self._fail(node, node_failure(node, self._graph.options, error))
        else:
            self._succeed(node, result)

    def _give_again(self, node: Node, given: Given, failed: NodeFailure) -> None:
        self._attempts.reached(node.id, failed.attempt)
        self._append(event_texts.node_given_again(node, failed))
        self._attempts.followed(node.id, failed.attempt)
        self._await(node, replace(given, earlier_attempts=failed.attempt or given.earlier_attempts + 1))

    def _succeed(self, node: Node, result: AgentResult) -> None:
        self.report(result.reports)
        self._attempts.reached(node.id, result.attempt)
        self._record(node.id, result.output)
        self._tell_values.ended(node.id, result.output)
        decisions = self._scheduler.succeeded(node.id, result.output)
        self._append(event_texts.node_succeeded(node, result))
        self._announce(decisions)

    def _fail(self, node: Node, failed: NodeFailure) -> None:
        self.report(failed.details.reports)
        self._attempts.reached(node.id, failed.attempt)
        decisions: list[Decision] = []

        def settle() -> None:
            spare = self._scheduler.why_spare(node.id) is not None
            decisions.extend(self._scheduler.failed(node.id, failed.failure, failed.attempt))
            handled = any(decision.kind == "handled" and decision.node == node.id for decision in decisions)
            self._append(event_texts.node_failed(node, failed, grave=not (node.optional or handled or spare)))

        self._gate(settle)
        self._announce(decisions)

    def _settle_skipped(self, node: str) -> None:
        decisions = self._scheduler.skipped(node)
        self._append(event_texts.node_skipped(node))
        self._announce(decisions)

    def _announce(self, decisions: Sequence[Decision]) -> None:
        """Journal these decisions and carry them out; also cancel what is in flight if the run stops."""
        for decision in decisions:
            if decision.kind == "dropped":
                self._in_flight[decision.node].cancel()
            else:
                self._append(event_texts.node_decided(decision))
        self._tell_pause()
        if self._scheduler.stopping:
            self._cancel_nodes()

    def _tell(self, entry: event_texts.Entry) -> None:
        """Journal an entry of a control node; the loop takes a turn, so that the current details show it, too."""
        self._append(entry)
        self._wake()

    def _append(self, entry: event_texts.Entry) -> None:
        model = self._attempts.model_calls.get(entry.node or "")
        if model is not None and "usage" in entry.data:
            entry = replace(entry, data=entry.data | {"model": model})
        self._journal.append(entry, self._scheduler.progress)


def _converses(graph: Graph, restored: Container[str]) -> bool:
    return any(node.type == LLM_NAME and node.id in restored for node in graph.nodes)


def _forget(node: str, output: Any) -> None:
    """Drop the output: only a replay that was made to read outputs records them."""
