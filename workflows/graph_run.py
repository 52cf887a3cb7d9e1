"""The workflow `GraphRun`: one run of a graph, as Temporal sees it.

`run` is the run from start to end; the signals and updates steer it, the queries tell of it. How the nodes are carried
out is in `workflows.run.walk`, in which order in `workflows.scheduler`.
"""

import asyncio
from collections.abc import Callable
from itertools import islice
from typing import Any, NoReturn, Self

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from wand_orchestrator.contract.codes import WRONG_STATE
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.names import (
    EXTERN_PUBLISH,
    WORKFLOW_GRAPH_RUN,
)
from wand_orchestrator.contract.node_table import NodeTable
from wand_orchestrator.contract.queries import (
    QUERY_EVENT_REFUSAL,
    QUERY_EVENTS,
    QUERY_NODE,
    QUERY_PARTS,
    QUERY_PROGRESS,
    QUERY_STATE,
    QUERY_TABLE,
    EventPage,
    EventRefusal,
    NodeJournal,
    PartsPage,
    StatePage,
    StateTable,
)
from wand_orchestrator.contract.run import (
    RunOrder,
    RunResult,
)
from wand_orchestrator.contract.spending import (
    SIGNAL_SPENDING_ANSWERED,
    SIGNAL_SPENDING_ASKED,
    SIGNAL_SPENDING_ENDED,
    UPDATE_BUDGET,
)
from wand_orchestrator.contract.state import Failure, parts_of
from wand_orchestrator.contract.steering import (
    SIGNAL_CHILD_EVENTS,
    SIGNAL_EVENT,
    SIGNAL_PAUSE,
    SIGNAL_REPORT,
    SIGNAL_RESUME,
    UPDATE_RESPOND,
    UPDATE_RETRY,
    UPDATE_SKIP,
    SentEvent,
)
from wand_orchestrator.workflows import patches
from wand_orchestrator.workflows.arrivals import steering_arguments
from wand_orchestrator.workflows.control.base import Refusal
from wand_orchestrator.workflows.control.event_inbox import EventInbox
from wand_orchestrator.workflows.journal import event_texts
from wand_orchestrator.workflows.journal.journal import Journal
from wand_orchestrator.workflows.journal.log_bound import LogBound
from wand_orchestrator.workflows.nodes.retry_now import retry_now
from wand_orchestrator.workflows.nodes.started_child import end_with_parent
from wand_orchestrator.workflows.projections.handover import Handover
from wand_orchestrator.workflows.run.kept_outputs import kept_of
from wand_orchestrator.workflows.run.opening import (
    admitted_input,
    fetched,
    read_carried,
    read_input,
    refuse_more,
    tell_temporal,
    unopened,
    why_unopened,
    with_known_keys,
)
from wand_orchestrator.workflows.run.rollover import state_from, state_to_carry
from wand_orchestrator.workflows.run.walk import Walk
from wand_orchestrator.workflows.scheduler import Outcome

NOTHING = RawValue(Payload())
"""In place of an argument that is not given."""
PATCH_CANCELLED_EARLY = "cancelled-before-begun"
PATCH_LOGS_BOUNDED = "logs-bounded"
PATCH_TAKEN_UP = "taken-up-before-steered"


@workflow.defn(name=WORKFLOW_GRAPH_RUN)
class GraphRun:
    """Runs a graph of agents: every node is an activity whose id is the node's id and whose type is its agent."""

    def __new__(cls, *given: Any) -> Self:
        """Fail the run if it has more arguments than the SDK can pass on, which would otherwise fail its
        workflow task.
        """
        refuse_more(given)
        return super().__new__(cls)

    @workflow.init
    def __init__(self, document: RawValue = NOTHING, carried: RawValue = NOTHING) -> None:
        self._document: Any = document
        read = read_input(document)
        carried_over = read_carried(carried)
        patches.begin()
        self._order = read if isinstance(read, RunOrder) else None
        self._run = unopened(read) if isinstance(read, RunOrder) else read
        self._goes_on = carried_over is not None
        state = state_from(carried_over["state"], self._run.graph) if carried_over else None
        logs = LogBound(lambda: patches.patched(PATCH_LOGS_BOUNDED), carried_over.get("logs") if carried_over else None)
        self._journal = Journal(workflow.now, _told(), state, logs)
        self._handover = Handover(self._journal, self._run, carried_over)
        self._events = EventInbox(carried_over.get("events") if carried_over else None)
        self._begin(carried_over)
        self._started = self._goes_on
        # What was in flight is in this history once the run has taken it up; before that an update would not find it.
        self._begun = self._goes_on and not patches.patched(PATCH_TAKEN_UP)
        self._steered_early: list[Callable[[Walk], None]] = []

    @workflow.run
    async def run(self, document: RawValue = NOTHING, carried: RawValue = NOTHING) -> RunResult:
        """Walk the graph to its end, put the journal into the database, and end as the run ended."""
        try:
            await self._open()
        except (FailureError, asyncio.CancelledError) as error:
            await self._give_up(error)
        if self._run.parent is not None and self._run.parent.watched:
            self._parent_watch = asyncio.create_task(end_with_parent(self._run.parent))
        await self._walk.take_up()
        self._begun = True
        while (outcome := await self._walk.to_the_end()) is None:
            if await self._handover.finish():
                self._walk.cancel()
            elif self._walk.crosses:
                workflow.continue_as_new(args=[self._document, self._carry()])
        result = self._close(outcome)
        await self._handover.finish(result)
        return self._end(outcome, result)

    def _begin(self, carried: dict[str, Any] | None) -> None:
        """Set up what carries the run out and tells of it."""
        self._journal.logs.limit = self._run.limits.log_bytes if self._order is None else None
        self._handover.begin(self._run)
        self._walk = Walk(
            self._run, self._journal, carried, self._events, self._handover.look, self._handover.write_ahead
        )

    async def _open(self) -> None:
        if self._goes_on:
            return
        if self._order is not None:
            self._document = self._run = await fetched(self._order)
            self._order = None
            self._begin(None)
        elif (known := await with_known_keys(self._run)) is not self._run:
            self._document = self._run = known
            self._begin(None)
        tell_temporal(self._run)
        self._admit()
        await self._walk.ancestry.admit()
        self._journal.append(event_texts.run_started(self._run.graph))
        self._started = True
        for steer in self._steered_early:
            steer(self._walk)
        if self._run.retry_of is not None:
            self._walk.keep(await kept_of(self._run.graph, self._run.retry_of, self._run.input))

    def _admit(self) -> None:
        """Fill in what the run's input leaves to the graph's `input_schema`. Raises ApplicationError for an input that
        does not fit: the API has seen it before, other starters have not."""
        admitted = admitted_input(self._run)
        if admitted is not self._run.input:
            self._document = self._run = self._run.model_copy(update={"input": admitted})
            self._begin(None)

    async def _give_up(self, error: FailureError | asyncio.CancelledError) -> NoReturn:
        """End a run that could not begin."""
        graph = self._run.graph
        if isinstance(error, asyncio.CancelledError) or is_cancelled_exception(error):
            if not isinstance(error, FailureError) and not patches.patched(PATCH_CANCELLED_EARLY):
                raise error
            self._journal.append(event_texts.run_cancelled(graph))
            await self._handover.finish()
            raise asyncio.CancelledError
        failure = why_unopened(error)
        self._journal.append(event_texts.run_failed(graph, failure))
        await self._handover.finish()
        raise _failed(failure)

    def _carry(self) -> dict[str, Any]:
        """Return what the next history of this run needs besides its input."""
        state = state_to_carry(self._journal.state, self._run.graph)
        mine = {"state": state, "events": self._events.carry(), "logs": self._journal.logs.carry()}
        return self._walk.carry() | self._handover.carry() | mine

    def _close(self, outcome: Outcome) -> RunResult | None:
        """Append the run's last event; return its result if it succeeded."""
        graph = self._run.graph
        match outcome:
            case Outcome.SUCCEEDED:
                self._journal.append(event_texts.run_succeeded(graph), progress=100)
                return self._walk.result()
            case Outcome.CANCELLED:
                self._journal.append(event_texts.run_cancelled(graph))
            case Outcome.FAILED:
                self._journal.append(event_texts.run_failed(graph, self._walk.failure(outcome)))
            case Outcome.TIMED_OUT:
                self._journal.append(event_texts.run_timed_out(graph, self._walk.failure(outcome)))
        return None

    def _end(self, outcome: Outcome, result: RunResult | None) -> RunResult:
        """Return the result, or raise to end the workflow as cancelled, or as failed with the run's code."""
        self._walk.describe()
        if result is not None:
            return result
        if outcome is Outcome.CANCELLED:
            raise asyncio.CancelledError
        raise _failed(self._walk.failure(outcome))

    def _steer(self, steer: Callable[[Walk], None]) -> None:
        """Apply a steering call; one that comes before the run has started is applied when it has."""
        if self._started:
            steer(self._walk)
        else:
            self._steered_early.append(steer)

    def _check(self, refused: Callable[[Walk], Refusal | None]) -> None:
        """Reject an update that cannot be done, which leaves no trace in the history. One that comes before the run has
        begun is taken, and checked when it has."""
        if self._begun and (refusal := refused(self._walk)) is not None:
            raise ApplicationError(refusal.message, type=refusal.code, non_retryable=True)

    async def _when_begun(self, refused: Callable[[Walk], Refusal | None]) -> None:
        """Wait until the run has begun. Raises ApplicationError if the update is impossible then.

        It is checked again also where it was accepted by a run that had begun: a replay may hand out the result of a
        local activity, with which the run begins, before an update that came while the run waited for it. No replay
        calls the validator.
        """
        if not self._begun:
            await workflow.wait_condition(lambda: self._begun or self._journal.ended)
        if self._journal.ended:
            message = f"the run is {self._journal.state.status}: nothing in it can be steered any more"
            raise ApplicationError(message, type=WRONG_STATE, non_retryable=True)
        self._check(refused)

    # Signals

    @workflow.signal(name=SIGNAL_REPORT, description="Log lines, progress and failed attempts, sent by the workers.")
    def report(self, *given: Any) -> None:
        self._walk.report(steering_arguments.reports_of(given))

    @workflow.signal(name=SIGNAL_CHILD_EVENTS, description="What happened in a child run, sent by it.")
    def child_events(self, *given: Any) -> None:
        happened = steering_arguments.child_events_of(given)
        if happened is None or happened.node not in self._journal.state.nodes:
            return
        for event in happened.events:
            self._journal.append(event_texts.of_child(happened.node, happened.run_id, event))
        self._handover.look()

    @workflow.signal(name=SIGNAL_PAUSE, description="Nothing new starts; what is in flight ends. Lifted by `resume`.")
    def pause(self, *_: Any) -> None:
        self._steer(Walk.pause)

    @workflow.signal(name=SIGNAL_RESUME, description="Lifts `pause`.")
    def resume(self, *_: Any) -> None:
        self._steer(Walk.resume)

    @workflow.signal(
        name=SIGNAL_EVENT, description="A name and data: an event for the `flow.event` node that waits for that name."
    )
    def event(self, *given: Any) -> None:
        """Pass an event to the run; one that arrives before any node waits for it is kept."""
        if (event := steering_arguments.event_of(given)) is not None:
            self._events.put(event)

    @workflow.signal(
        name=SIGNAL_SPENDING_ASKED, description="A child run asks for a part of a budget, for a model call."
    )
    def spending_asked(self, *given: Any) -> None:
        if (ask := steering_arguments.ask_of(given)) is not None:
            self._steer(lambda walk: walk.budgets.children.asked(ask))

    @workflow.signal(name=SIGNAL_SPENDING_ENDED, description="A child run tells what a model call cost.")
    def spending_ended(self, *given: Any) -> None:
        if (end := steering_arguments.end_of(given)) is not None:
            self._steer(lambda walk: walk.budgets.children.ended(end))

    @workflow.signal(
        name=SIGNAL_SPENDING_ANSWERED, description="The parent run answers what this one asked of a budget."
    )
    def spending_answered(self, *given: Any) -> None:
        parent = self._walk.budgets.parent
        if parent is not None and (answer := steering_arguments.spending_answer_of(given)) is not None:
            parent.answered(answer)

    # Updates

    @workflow.update(name=UPDATE_BUDGET, description="Replaces the budget of the run, or of a node; see `resume`.")
    async def budget(self, *given: Any) -> None:
        change = steering_arguments.budget_change_of(given)
        await self._when_begun(lambda walk: walk.refuse.budget(change))
        self._walk.change_budget(change)

    @budget.validator
    def _validate_budget(self, *given: Any) -> None:
        change = steering_arguments.budget_change_of(given)
        self._check(lambda walk: walk.refuse.budget(change))

    @workflow.update(name=UPDATE_SKIP, description="Skips a node that has not finished; cancels it if it is in flight.")
    async def skip(self, *given: Any) -> None:
        node = steering_arguments.node_of(given)
        await self._when_begun(lambda walk: walk.refuse.skip(node))
        self._walk.skip(node)

    @skip.validator
    def _validate_skip(self, *given: Any) -> None:
        node = steering_arguments.node_of(given)
        self._check(lambda walk: walk.refuse.skip(node))

    @workflow.update(name=UPDATE_RESPOND, description="Answers a `flow.approval` node that waits.")
    async def respond(self, *given: Any) -> None:
        answer = steering_arguments.answer_of(given)
        await self._when_begun(lambda walk: walk.refuse.answer(answer))
        self._walk.respond(answer)

    @respond.validator
    def _validate_respond(self, *given: Any) -> None:
        answer = steering_arguments.answer_of(given)
        self._check(lambda walk: walk.refuse.answer(answer))

    @workflow.update(
        name=UPDATE_RETRY,
        description="Tries a node again: one that failed and is held, or one that waits for an attempt.",
    )
    async def retry(self, *given: Any) -> None:
        node = steering_arguments.node_of(given)
        await self._when_begun(lambda walk: walk.refuse.retry(node))
        if self._walk.holds(node):
            self._walk.retry(node)
        elif not self._walk.hurry(node):
            await retry_now(node)

    @retry.validator
    def _validate_retry(self, *given: Any) -> None:
        node = steering_arguments.node_of(given)
        self._check(lambda walk: walk.refuse.retry(node))

    # Queries

    @workflow.query(name=QUERY_STATE, description="The run and `limit` of its nodes from `offset`, in graph order.")
    def state(self, offset: int = 0, limit: int = 1000) -> StatePage:
        nodes = self._run.graph.nodes
        state = self._journal.state
        shown = {node.id: state.nodes[node.id] for node in nodes[offset : offset + limit] if node.id in state.nodes}
        return StatePage(state=state.model_copy(update={"nodes": shown}), total_nodes=len(nodes))

    @workflow.query(name=QUERY_TABLE, description="The run and all of its nodes, for programs; `state` is for people.")
    def table(self, with_ids: bool = False) -> StateTable:
        ids = tuple(node.id for node in self._run.graph.nodes)
        state = self._journal.state
        shown = state.model_copy(update={"nodes": {}})
        return StateTable(state=shown, nodes=NodeTable.of(ids, state.nodes), ids=ids if with_ids else None)

    @workflow.query(
        name=QUERY_PARTS, description="Parts of a control node, such as the items of a map: `limit` from `offset`."
    )
    def parts(self, node: str, offset: int = 0, limit: int = 500) -> PartsPage:
        parts = parts_of(self._journal.state, node)
        shown = dict(islice(parts.items(), offset, offset + limit))
        questions = {part: asked for part, asked in self._journal.state.questions.items() if part in shown}
        return PartsPage(parts=shown, total=len(parts), questions=questions)

    @workflow.query(name=QUERY_NODE, description="What happened to a node or a part, but for what it logged.")
    def node(self, name: str) -> NodeJournal:
        return NodeJournal(events=self._journal.of_node(name), question=self._journal.state.questions.get(name))

    @workflow.query(name=QUERY_EVENTS, description="At most `limit` events with a seq above `after`.")
    def events(self, after: int = 0, limit: int = 500) -> EventPage:
        return self._journal.page(max(0, after), max(1, limit))

    @workflow.query(
        name=QUERY_EVENT_REFUSAL, description="Why the run can do nothing with such an event now; null if it can."
    )
    def event_refusal(self, name: str, data: Any = None) -> EventRefusal | None:
        event = SentEvent(name=name, data=data)
        return self._events.refuse(event) or self._events.misfit(event)

    @workflow.query(name=QUERY_PROGRESS, description="Settled nodes of all nodes, in whole percent.")
    def progress(self) -> int:
        return self._journal.state.progress


def _told() -> Callable[[Event], None]:
    """Return a function that publishes events to a relay in this process; replayed ones are known already."""
    run_feed: Callable[[str, str], Callable[[int, Event], None]] | None = workflow.extern_functions().get(
        EXTERN_PUBLISH
    )
    if run_feed is None:
        return lambda _: None
    info = workflow.info()
    say = run_feed(info.workflow_id, info.run_id)

    def tell(event: Event) -> None:
        if not workflow.unsafe.is_replaying():
            say(info.get_current_history_length(), event)

    return tell


def _failed(failure: Failure) -> ApplicationError:
    """Return the error with which a failed run ends its workflow."""
    return ApplicationError(failure.message, failure, type=failure.code, non_retryable=True)
