"""Starts a node: an agent as an activity, a control node as a coroutine, a stored graph as a child workflow."""

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from temporalio import workflow

from wand_orchestrator.contract.codes import WRONG_STATE
from wand_orchestrator.contract.mcp import mcp_name
from wand_orchestrator.contract.names import (
    EXTERN_DONE,
)
from wand_orchestrator.contract.node import (
    AgentResult,
)
from wand_orchestrator.contract.run import (
    RunInput,
)
from wand_orchestrator.graph import Graph, Node
from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.graphs.expressions import ExpressionError, evaluate
from wand_orchestrator.graphs.node_values import part_values
from wand_orchestrator.graphs.references import Scope
from wand_orchestrator.workflows.arrivals.activity_results import check_given, result_of
from wand_orchestrator.workflows.control.approval import Approval
from wand_orchestrator.workflows.control.base import (
    Asking,
    Control,
    Done,
    Given,
    PartValues,
    Refusal,
    TurnAnswer,
    TurnCall,
    failure,
)
from wand_orchestrator.workflows.control.event_inbox import EventInbox
from wand_orchestrator.workflows.control.registry import CONTROLS
from wand_orchestrator.workflows.journal import event_texts
from wand_orchestrator.workflows.journal.node_failures import Losses, NodeFailure, node_failure
from wand_orchestrator.workflows.nodes.agent_activities import Activities
from wand_orchestrator.workflows.nodes.attempts import Attempts
from wand_orchestrator.workflows.nodes.child_runs import Children
from wand_orchestrator.workflows.nodes.control_parts import ControlParts
from wand_orchestrator.workflows.nodes.mcp_calls import McpCalls
from wand_orchestrator.workflows.nodes.model_calls import ModelCalls
from wand_orchestrator.workflows.nodes.workflow_task import WorkflowTask
from wand_orchestrator.workflows.projections.to_values import Values
from wand_orchestrator.workflows.uncancelled import is_being_cancelled


class NodeRunner:
    """Starts the nodes of one run, and implements the host of its control nodes.

    `carried_parts`: what `ControlParts.carry` returned in the previous history.
    `tell` puts an entry into the journal; `holds_back` says that nothing new is to start. `left`: what control nodes
    that failed had done, in the history before this one. `values` is told what goes into nodes and parts of them. `mcp`
    calls the tools of MCP servers.
    """

    def __init__(
        self,
        run: RunInput,
        task: WorkflowTask,
        activities: Activities,
        tell: Callable[[event_texts.Entry], None],
        attempts: Attempts,
        losses: Losses,
        holds_back: Callable[[], bool],
        left: dict[str, Any],
        children: Children,
        events: EventInbox,
        values: Values,
        model_calls: ModelCalls,
        mcp: McpCalls,
        carried_parts: Mapping[str, Any],
    ) -> None:
        self._run = run
        self.mcp = mcp
        self._values = values
        self._task = task
        self._activities = activities
        self._tell = tell
        self._attempts = attempts
        self._holds_back = holds_back
        self._left = left
        self.events = events
        self._record_done: Callable[[str, Callable[[], Any]], None] = workflow.extern_functions().get(
            EXTERN_DONE, _forget
        )
        self._given: dict[str, Given] = {}
        self._controls: dict[str, Control] = {}
        self._agents: set[str] = set()
        self._graphs: set[str] = set()
        self._asking: dict[str, Asking] = {}
        self._skippable: dict[str, Callable[[], None]] = {}
        self._skipping: set[str] = set()
        self._parts = ControlParts(carried_parts, left, self._record_done)
        self._losses = losses
        self.children = children
        self.model_calls = model_calls

    def launch(self, given: Given) -> asyncio.Future[Any]:
        """Start a node. The future returns what `activity_results.result_of` reads, or raises why the node failed;
        cancelling it cancels the node.

        Raises pydantic's ValidationError for params that a control node does not take, ApplicationError for what no
        node can be given.
        """
        kind = CONTROLS.get(given.node.type)
        self._values.begun(given.node.id, given.params, given.input)
        if kind is None:
            return self._start(given.node, given.params, given.input, given.earlier_attempts)
        if given.carried is None and (left := self._left.pop(given.node.id, None)) is not None:
            given = replace(given, carried=left)
        check_given(given.params, given.input, self._run.limits.input_bytes)
        control = kind(given, self)
        self._given[given.node.id], self._controls[given.node.id] = given, control
        self._record_done(given.node.id, control.done_before_failing)
        return asyncio.ensure_future(self._carry_out(control))

    def _start(self, node: Node, params: dict[str, Any], input: dict[str, Any], earlier: int) -> asyncio.Future[Any]:
        """Start an agent, or the call of an MCP tool."""
        name = mcp_name(node.type)
        if name is None:
            return self._activities.start(node, params, input, earlier)
        return asyncio.ensure_future(self.mcp.run(node, name, params, input, earlier))

    def keep(self, done: Mapping[str, Any]) -> None:
        """Set what control nodes had done in the run that this one retries."""
        self._left.update(done)
        for node, what in done.items():
            self._record_done(node, partial(_same, what))

    def control(self, node: str) -> Control | None:
        """Return the control node of that id, if it is in flight."""
        return self._controls.get(node)

    def approval(self, node: str) -> Asking | None:
        """Return the approval of that id, a node or a part of one, if it is in flight."""
        control = self._controls.get(node)
        return control if isinstance(control, Approval) else self._asking.get(node)

    def skips(self, part: str) -> Refusal | None:
        """Return why this part, which may be skipped alone, cannot be now; None if it can."""
        return Refusal(WRONG_STATE, f"{part} is being skipped already") if part in self._skipping else None

    def may_be_skipped(self, part: str) -> bool:
        """Return whether this part of a control node may be skipped alone."""
        return part in self._skippable

    def skip(self, part: str) -> None:
        self._skipping.add(part)
        self._skippable[part]()

    def asks(self, node: str) -> str:
        """Return what a node in flight asks for from outside, for people; empty if it asks for nothing."""
        control = self._controls.get(node)
        return "" if control is None else control.asks

    def rests(self, in_flight: Iterable[str], crossing: Container[str] = ()) -> bool:
        """Return whether all of these would survive a new history, into which the activities in `crossing`
        come along.
        """
        if not all(part in crossing for part in self._agents) or not all(map(self.children.crosses, self._graphs)):
            return False
        if any(approval.busy for approval in self._asking.values()) or not self._parts.cross or self._skipping:
            return False
        controls = self._controls
        return all(
            not controls[node].busy or controls[node].crosses if node in controls else node in crossing
            for node in in_flight
        )

    def carry(self) -> dict[str, Any]:
        """Return the control nodes in flight, for the next history."""
        return {
            node: {
                "params": self._given[node].params,
                "input": self._given[node].input,
                "state": control.carry(),
                "earlier_attempts": self._given[node].earlier_attempts,
            }
            for node, control in self._controls.items()
        }

    @property
    def parts(self) -> ControlParts:
        """The control nodes that are parts of other ones."""
        return self._parts

    @property
    def left(self) -> dict[str, Any]:
        """What failed control nodes had done; they continue from there when they are retried."""
        return self._left

    def runs_agent(self, part: str) -> bool:
        """Return whether this part of a control node, such as `map[3]`, is an activity in flight."""
        return part in self._agents

    # As the host of control nodes

    def tell(self, entry: event_texts.Entry) -> None:
        self._tell(entry)

    @property
    def result_bytes(self) -> int:
        return self._run.limits.result_bytes

    @property
    def holds_back(self) -> bool:
        return self._holds_back()

    async def evaluate(self, expression: str, value: Any) -> Any:
        await self._room_to_evaluate()
        with self._task.evaluation() as budget:
            return evaluate(expression, value, budget, self._task.now())

    async def check(self, work: Callable[[Budget], Done]) -> Done:
        await self._room_to_evaluate()
        with self._task.schema_check() as budget:
            return work(budget)

    async def resolve(self, later: Mapping[str, Any], own: dict[str, Any]) -> dict[str, Any]:
        await self._room_to_evaluate()
        try:
            with self._task.evaluation() as budget:
                return part_values(later, Scope(self._run.input, own, self._task.now()), budget)
        except ExpressionError as error:
            raise failure(error.code, error.message) from error

    async def _room_to_evaluate(self) -> None:
        while self._task.exhausted:  # of many that wait, all are woken at once
            await workflow.wait_condition(lambda: not self._task.exhausted)

    def subgraph(self, name: str) -> Graph:
        graph = self._run.subgraphs.get(name)
        if graph is None:
            raise failure("unknown_graph", f"the run was started without the stored graph {name!r}")
        return graph

    async def run_agent(self, node: Node, values: Callable[[], Awaitable[PartValues]]) -> AgentResult:
        async def run(earlier: int) -> Any:
            params, input = await values()
            self._values.begun(node.id, params, input)
            return await self._start(node, params, input, earlier)

        self._agents.add(node.id)
        try:
            return await self._run_part(node, run)
        finally:
            self._agents.discard(node.id)

    async def call_model(self, call: TurnCall) -> TurnAnswer:
        return await self.model_calls.call(call, self._run_turn)

    async def _run_turn(
        self, node: Node, params: dict[str, Any], begin: Callable[[int], Awaitable[Node]]
    ) -> AgentResult:
        async def run(earlier: int) -> Any:
            limited = await begin(earlier)
            self._values.begun(node.id, params, {})
            return await self._activities.start(limited, params, {}, earlier)

        self._agents.add(node.id)
        try:
            return await self._run_part(node, run)
        finally:
            self._agents.discard(node.id)

    async def run_graph(self, node: Node, graph: Graph, input: Any) -> Any:
        self._graphs.add(node.id)
        try:
            if not self.children.goes_on(node.id):
                self._tell(event_texts.child_started(node, await self.children.start(node, graph, input)))
            if (child := self.children.run_id(node.id)) is not None:
                self._values.has_child(node.id, child)
            return (await self.children.result(node)).outputs
        finally:
            self._graphs.discard(node.id)

    async def start_graph(self, node: Node, graph: Graph, input: Any) -> str:
        run_id = await self.children.start_apart(node, graph, input)
        self._tell(event_texts.run_started_apart(node, run_id))
        return run_id

    async def run_graph_part(
        self, node: Node, graph: Graph, values: Callable[[], Awaitable[PartValues]]
    ) -> AgentResult:
        async def run(_: int) -> AgentResult:
            input = (await values()).input
            self._values.begun(node.id, {}, input)
            return AgentResult(output=await self.run_graph(node, graph, input))

        return await self._run_part(node, run)

    async def run_control_part(self, node: Node, values: Callable[[], Awaitable[PartValues]]) -> AgentResult:
        async def given() -> PartValues:
            found = await values()
            check_given(found.params, found.input, self._run.limits.input_bytes)
            self._values.begun(node.id, found.params, found.input)
            return found

        async def run(_: int) -> AgentResult:
            return AgentResult(output=await self._parts.run(node, CONTROLS[node.type], self, given))

        return await self._run_part(node, run)

    @contextmanager
    def skippable(self, part: str, skip: Callable[[], None]) -> Iterator[None]:
        self._skippable[part] = skip
        try:
            yield
        finally:
            del self._skippable[part]
            self._skipping.discard(part)

    async def run_approval(self, approval: Asking) -> Any:
        self._asking[approval.node.id] = approval
        try:
            return await approval.run()
        except asyncio.CancelledError:
            self._tell_cancelled(approval.node)
            raise
        finally:
            del self._asking[approval.node.id]

    async def _run_part(self, node: Node, run: Callable[[int], Awaitable[Any]]) -> AgentResult:
        """Run one part of a control node, with events of its own."""
        if not self._goes_on_from_before(node.id):
            self._tell(event_texts.node_scheduled(node))
            self._attempts.begin(node.id)
        earlier = self._activities.given_again(node.id)
        while True:
            try:
                result = result_of(await run(earlier))
            except (Exception, asyncio.CancelledError) as error:
                failed = node_failure(node, self._run.graph.options, error, earlier)
                if not self._goes_on(node, failed):
                    raise
                earlier = failed.attempt or earlier + 1
            else:
                self._values.ended(node.id, result.output)
                self._attempts.report(result.reports)
                self._attempts.reached(node.id, result.attempt)
                self._tell(event_texts.node_succeeded(node, result))
                return result

    def _goes_on_from_before(self, part: str) -> bool:
        """Return whether the part began in an earlier history, and is not awaited yet."""
        return self._activities.crosses(part) or self.children.goes_on(part) or self._parts.goes_on(part)

    def _goes_on(self, node: Node, failed: NodeFailure) -> bool:
        """Journal how an attempt ended; return whether another one follows, because it ended with its worker."""
        if is_being_cancelled():
            self._tell_cancelled(node)
            return False
        self._attempts.report(failed.details.reports)
        self._attempts.reached(node.id, failed.attempt)
        again = self._losses.is_given_again(node.id, failed)
        if again:
            self._attempts.followed(node.id, failed.attempt)
        grave = not node.optional
        self._tell(
            event_texts.node_given_again(node, failed) if again else event_texts.node_failed(node, failed, grave=grave)
        )
        return again

    def _tell_cancelled(self, part: Node) -> None:
        """Journal a cancelled part; that one was skipped is told by what it is a part of."""
        if part.id not in self._skipping:
            self._tell(event_texts.node_cancelled(part))

    async def _carry_out(self, control: Control) -> AgentResult:
        try:
            # What it does, such as the items of a map, is one group for who looks at the history.
            with workflow.create_event_group(control.node.id).scope():
                return AgentResult(output=await control.run())
        except Exception:
            if (done := control.done_before_failing()) is not None:
                self._left[control.node.id] = done
            raise
        finally:
            del self._controls[control.node.id], self._given[control.node.id]


def _forget(node: str, done: Callable[[], Any]) -> None:
    """Do nothing: only a replay that was made for it asks what was done."""


def _same(done: Any) -> Any:
    return done
