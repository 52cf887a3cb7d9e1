"""The workflow `GraphRun`: one run of a graph, as Temporal sees it.

`run` is the run from start to end; the signals and updates steer it, the queries tell of it. How the nodes are carried
out is in `workflows.walk`, in which order in `workflows.scheduler`.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, NoReturn

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from wand_orchestrator.contract import (
    EXTERN_VOICE,
    QUERY_EVENTS,
    QUERY_PARTS,
    QUERY_PROGRESS,
    QUERY_STATE,
    QUERY_TABLE,
    SIGNAL_CHILD_EVENTS,
    SIGNAL_PAUSE,
    SIGNAL_REPORT,
    SIGNAL_RESUME,
    UPDATE_RESPOND,
    UPDATE_RETRY,
    UPDATE_SKIP,
    WORKFLOW_GRAPH_RUN,
    Answer,
    ChildEvents,
    EventPage,
    PartsPage,
    Report,
    RunOrder,
    RunResult,
    StatePage,
    StateTable,
)
from wand_orchestrator.events import Event
from wand_orchestrator.node_table import NodeTable
from wand_orchestrator.state import Failure, parts_of
from workflows import entries
from workflows.archiving import archive
from workflows.carrying import state_from, state_to_carry
from workflows.forwarding import Forwarder
from workflows.journal import Journal
from workflows.keeping import kept_of
from workflows.notifier import Notifier
from workflows.opening import fetched, read_input, tell_temporal, unopened, why_unopened
from workflows.refusal import WRONG_STATE, Refusal
from workflows.retrying import retry_now
from workflows.scheduler import Outcome
from workflows.visibility import Visibility
from workflows.walk import Walk


@workflow.defn(name=WORKFLOW_GRAPH_RUN)
class GraphRun:
    """Runs a graph of agents: every node is an activity whose id is the node's id and whose type is its agent."""

    @workflow.init
    def __init__(self, document: RawValue, carried: dict[str, Any] | None = None) -> None:
        self._document: Any = document
        read = read_input(document)
        self._order = read if isinstance(read, RunOrder) else None
        self._run = unopened(read) if isinstance(read, RunOrder) else read
        self._goes_on = carried is not None
        state = state_from(carried["state"], self._run.graph) if carried else None
        self._journal = Journal(workflow.now, _told(), state)
        self._forwarder = Forwarder(self._journal, self._run.parent, carried)
        self._visibility = Visibility(self._journal)
        self._begin(carried)
        self._steered_early: list[Callable[[Walk], None]] = []

    @workflow.run
    async def run(self, document: RawValue, carried: dict[str, Any] | None = None) -> RunResult:
        """Walk the graph to its end, put the journal into the database, and end as the run ended."""
        try:
            await self._open()
        except FailureError as error:
            await self._give_up(error)
        while (outcome := await self._walk.to_the_end()) is None:
            if await self._hand_over():
                self._walk.cancel()
            elif self._walk.crosses:
                workflow.continue_as_new(args=[self._document, self._carry()])
        result = self._close(outcome)
        await self._hand_over(result)
        return self._end(outcome, result)

    def _begin(self, carried: dict[str, Any] | None) -> None:
        """Set up what carries the run out and tells of it."""
        self._notifier = Notifier(self._journal, self._run)
        self._walk = Walk(self._run, self._journal, carried, each_turn=self._look)

    async def _open(self) -> None:
        if self._goes_on:
            return
        if self._order is not None:
            self._document = self._run = await fetched(self._order)
            self._begin(None)
            self._order = None
        tell_temporal(self._run)
        self._journal.append(entries.run_started(self._run.graph))
        for steer in self._steered_early:
            steer(self._walk)
        if self._run.retry_of is not None:
            self._walk.keep(await kept_of(self._run.graph, self._run.retry_of))

    async def _give_up(self, error: FailureError) -> NoReturn:
        """End a run that could not begin."""
        graph = self._run.graph
        if is_cancelled_exception(error):
            self._journal.append(entries.run_cancelled(graph))
            await self._hand_over()
            raise asyncio.CancelledError
        failure = why_unopened(error)
        self._journal.append(entries.run_failed(graph, failure))
        await self._hand_over()
        raise _failed(failure)

    async def _hand_over(self, result: RunResult | None = None) -> bool:
        """All events to the parent, the database and the webhook, those too that were added meanwhile.

        Answers whether the run was asked to cancel meanwhile.
        """
        cancelled, handed_over = False, None
        while handed_over != self._journal.state.last_seq:
            handed_over = self._journal.state.last_seq
            cancelled = await self._forwarder.flush() or cancelled
            cancelled = await archive(self._journal, self._run, result) or cancelled
            cancelled = await self._notifier.flush() or cancelled
        self._visibility.look()
        return cancelled

    def _look(self) -> None:
        """Pass on what was added to the journal."""
        self._forwarder.look()
        self._notifier.look()
        self._visibility.look()

    def _carry(self) -> dict[str, Any]:
        """What the next history of this run needs besides its input."""
        state = state_to_carry(self._journal.state, self._run.graph)
        return self._walk.carry() | self._forwarder.carry() | {"state": state}

    def _close(self, outcome: Outcome) -> RunResult | None:
        """The run's last event, and its result if it succeeded."""
        graph = self._run.graph
        match outcome:
            case Outcome.SUCCEEDED:
                self._journal.append(entries.run_succeeded(graph), progress=100)
                return self._walk.result()
            case Outcome.CANCELLED:
                self._journal.append(entries.run_cancelled(graph))
            case Outcome.FAILED:
                self._journal.append(entries.run_failed(graph, self._walk.failure(outcome)))
            case Outcome.TIMED_OUT:
                self._journal.append(entries.run_timed_out(graph, self._walk.failure(outcome)))
        return None

    def _end(self, outcome: Outcome, result: RunResult | None) -> RunResult:
        """Give the result, or end the workflow as Temporal knows it: cancelled, or failed with the run's code."""
        self._walk.describe()
        if result is not None:
            return result
        if outcome is Outcome.CANCELLED:
            raise asyncio.CancelledError
        raise _failed(self._walk.failure(outcome))

    def _steer(self, steer: Callable[[Walk], None]) -> None:
        """What comes before the run's graph is there is done when it is."""
        if self._order is None:
            steer(self._walk)
        else:
            self._steered_early.append(steer)

    def _check(self, refused: Callable[[Walk], Refusal | None]) -> None:
        """Reject an update that cannot be done; it leaves no trace in the history."""
        if self._order is not None:
            refusal: Refusal | None = Refusal(WRONG_STATE, "the run has not begun: its graph is being fetched")
        else:
            refusal = refused(self._walk)
        if refusal is not None:
            raise ApplicationError(refusal.message, type=refusal.code, non_retryable=True)

    # Signals

    @workflow.signal(name=SIGNAL_REPORT, description="Log lines, progress and failed attempts, sent by the workers.")
    def report(self, reports: Sequence[Report]) -> None:
        self._walk.report(reports)

    @workflow.signal(name=SIGNAL_CHILD_EVENTS, description="What happened in a child run, sent by it.")
    def child_events(self, happened: ChildEvents) -> None:
        for event in happened.events:
            self._journal.append(entries.of_child(happened.node, happened.run_id, event))
        self._look()

    @workflow.signal(name=SIGNAL_PAUSE, description="Nothing new starts; what is in flight ends. Lifted by `resume`.")
    def pause(self) -> None:
        self._steer(Walk.pause)

    @workflow.signal(name=SIGNAL_RESUME, description="Lifts `pause`.")
    def resume(self) -> None:
        self._steer(Walk.resume)

    # Updates

    @workflow.update(name=UPDATE_SKIP, description="Skips a node that has not finished; cancels it if it is in flight.")
    def skip(self, node: str) -> None:
        self._walk.skip(node)

    @skip.validator
    def _validate_skip(self, node: str) -> None:
        self._check(lambda walk: walk.refuse.skip(node))

    @workflow.update(name=UPDATE_RESPOND, description="Answers a `flow.approval` node that waits.")
    def respond(self, answer: Answer) -> None:
        self._walk.respond(answer)

    @respond.validator
    def _validate_respond(self, answer: Answer) -> None:
        self._check(lambda walk: walk.refuse.answer(answer))

    @workflow.update(
        name=UPDATE_RETRY,
        description="Tries a node again: one that failed and is held, or one that waits for an attempt.",
    )
    async def retry(self, node: str) -> None:
        if self._walk.holds(node):
            self._walk.retry(node)
        else:
            await retry_now(node)

    @retry.validator
    def _validate_retry(self, node: str) -> None:
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
        return PartsPage(parts=dict(islice(parts.items(), offset, offset + limit)), total=len(parts))

    @workflow.query(name=QUERY_EVENTS, description="At most `limit` events with a seq above `after`.")
    def events(self, after: int = 0, limit: int = 500) -> EventPage:
        return self._journal.page(max(0, after), max(1, limit))

    @workflow.query(name=QUERY_PROGRESS, description="Settled nodes of all nodes, in whole percent.")
    def progress(self) -> int:
        return self._journal.state.progress


def _told() -> Callable[[Event], None]:
    """Tells a relay in this process of events; replayed ones are known already."""
    voice: Callable[[str, str], Callable[[int, Event], None]] | None = workflow.extern_functions().get(EXTERN_VOICE)
    if voice is None:
        return lambda _: None
    info = workflow.info()
    say = voice(info.workflow_id, info.run_id)

    def tell(event: Event) -> None:
        if not workflow.unsafe.is_replaying():
            say(info.get_current_history_length(), event)

    return tell


def _failed(failure: Failure) -> ApplicationError:
    """How a run that failed ends its workflow."""
    return ApplicationError(failure.message, failure, type=failure.code, non_retryable=True)
