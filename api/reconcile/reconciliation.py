"""Reconciles runs whose workflows closed without archiving their end.

A run writes its own end into the archive before its workflow closes. A workflow that was terminated, or ran into a
timeout of Temporal's, could not: its journal is brought into the archive here, by the first who reads it, with the
ending that Temporal knows.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.client import WorkflowExecutionDescription

from wand_orchestrator.api.graphs.cache import Recent
from wand_orchestrator.api.reconcile.ending import NATIVE_STATUS, Ending, ending_of, last_events
from wand_orchestrator.api.reconcile.known_journal import known_events
from wand_orchestrator.api.reconcile.namespace_origin import Origin
from wand_orchestrator.api.temporal import history
from wand_orchestrator.api.temporal.errors import QueryFailed, WorkflowFails
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.api.temporal.task_queues import polled
from wand_orchestrator.api.webhooks import Webhooks
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.run import Archive, RunResult
from wand_orchestrator.contract.run_summary import RunSummary
from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.contract.search_attributes import (
    WAND_GRAPH,
    WAND_GRAPH_ID,
    WAND_TAGS,
)
from wand_orchestrator.contract.state import Failure, RunState, RunStatus, fold
from wand_orchestrator.errors import Conflict, NotFound, Unavailable, WandError
from wand_orchestrator.files.payloads import STORE_AWAY
from wand_orchestrator.storage import Run, Store
from wand_orchestrator.temporal.visibility import root_of

MAX_NODES = 50_000
"""Nodes of all states kept, together."""


class EndedStates:
    def __init__(self, store: Store, fold: Callable[[str], Awaitable[RunState]]) -> None:
        self._store = store
        self._fold = fold
        self._states: Recent[RunState] = Recent(MAX_NODES, lambda state: len(state.nodes))

    async def of(self, run_id: str) -> RunState:
        """Return the state folded from the archived events, which must not be changed; it is cached until further
        events are archived.
        """
        state = self._states.get(run_id)
        if state is None or state.last_seq != await self._store.events.last_seq(run_id):
            state = await self._fold(run_id)
            if state.status.ended:
                self._states.keep(run_id, state)
        return state


PAGE = 500

JOURNAL_WAIT = timedelta(minutes=1)
"""Before the journal of a closed run that nobody reads is given up, as no worker is there to tell it: one that was
restarted may come.
"""

_WITHOUT_JOURNAL = 5
"""Events of a history that ended before the workflow began: no worker took it, or its input was no graph. Start, task
scheduled, started, completed, and the close. A run that began has at least scheduled something besides."""


@dataclass(frozen=True)
class _Closed:
    """Contains what the archive and the webhook get of the run besides its events."""

    run: RunSummary
    terms: RunTerms
    result: RunResult | None


class Reconciliation:
    def __init__(self, executions: Executions, store: Store, webhooks: Webhooks, origin: Origin) -> None:
        self._executions = executions
        self._store = store
        self._ended_states = EndedStates(store, self.fold_archive)
        self._webhooks = webhooks
        self._origin = origin

    @staticmethod
    def status_of(description: WorkflowExecutionDescription) -> RunStatus | None:
        """Return the run's status for the close of its workflow; None if it is open."""
        return None if description.status is None else NATIVE_STATUS.get(description.status)

    async def settle(self, run_id: str, seconds: float, wait: timedelta = timedelta()) -> None:
        """Write a closed run's journal and end to the archive; does nothing if they are there.

        Where no worker polls the run's task queue any more, it is stored as far as Temporal's history tells it, once
        the run has been closed for `wait`.

        Idempotent, also when several do it at once: what is written follows from Temporal's history alone.
        Raises NotFound, also for a run that was deleted; Unavailable if a part that this needs is away.
        """
        run = await self._store.runs.get(run_id)
        if run is not None and run.status.ended:
            return
        if run is None:
            await self._store.deletions.refuse(run_id)  # its webhook has been told, or is not to be
        description = await self._executions.describe(run_id, seconds)
        if description is None:
            if run is None or not await self._origin.had(run, seconds):
                raise NotFound(f"there is no run {run_id}", code="run_not_found")
            await self._settle_deleted(run, seconds)
            return
        if description.status is None or description.status not in NATIVE_STATUS:
            return
        ending = await ending_of(self._executions.client, description, seconds)
        closed = await self._closed(run, description, ending, seconds)
        if description.history_length > _WITHOUT_JOURNAL:
            try:
                await self._copy_journal(closed, seconds)
            except (QueryFailed, Unavailable) as error:
                if not await self._is_lost(error, description, seconds, wait):
                    raise
                ending = replace(ending, journal=error.message)
                await self._copy_known(closed, seconds)
        state = await self.fold_archive(run_id)
        if not state.status.ended:
            await self._append(closed, last_events(state, ending), seconds)

    async def known_end(self, run_id: str, seconds: float) -> RunState | None:
        """Return the state of a closed run as far as it is known without a worker; stores nothing.

        None of a run that is open, or that succeeded, whose end is told with its result. Raises Unavailable, NotFound.
        """
        description = await self._executions.describe(run_id, seconds)
        status = None if description is None else self.status_of(description)
        if description is None or status is None or status is RunStatus.SUCCEEDED:
            return None
        state = await self.fold_archive(run_id)
        if not state.status.ended:
            for event in await known_events(self._executions.client, run_id, state, seconds):
                fold(state, event)
            for event in last_events(state, await ending_of(self._executions.client, description, seconds)):
                fold(state, event)
        return state

    async def ended_state(self, run_id: str) -> RunState:
        """Return the folded state of an ended run, which is shared and must not be changed."""
        return await self._ended_states.of(run_id)

    async def fold_archive(self, run_id: str) -> RunState:
        """Return the state folded from the archived events."""
        state = RunState()
        while page := await self._store.events.page(run_id, state.last_seq, PAGE):
            for stored in page:
                fold(state, Event.model_validate_json(stored.body))
        return state

    async def _settle_deleted(self, run: Run, seconds: float) -> None:
        """End a run that Temporal has forgotten as terminated: somebody deleted it there, which terminates it, or
        terminated it so long ago that Temporal's retention is over. Its journal is what the archive contains.
        """
        closed = _Closed(run.summary, run.terms, None)
        reason = "terminated: Temporal has it no longer, as after `temporal workflow delete`"
        failure = Failure(code="terminated", message=reason)
        ending = Ending(RunStatus.TERMINATED, datetime.now(UTC), reason, failure, None)
        await self._append(closed, last_events(await self.fold_archive(run.run_id), ending), seconds)

    async def _closed(
        self, run: Run | None, description: WorkflowExecutionDescription, ending: Ending, seconds: float
    ) -> _Closed:
        terms = await self._terms(run, description, seconds)
        summary = _summary(description, terms) if run is None else run.summary
        return _Closed(summary.model_copy(update={"part_of": root_of(description)}), terms, ending.result)

    async def _terms(self, run: Run | None, description: WorkflowExecutionDescription, seconds: float) -> RunTerms:
        """Return the run's terms: from the row if the API started the run, else from the workflow's input, which may
        hold anything.
        """
        if run is not None and run.graph_id is not None:
            return run.terms
        if not description.parent_id and description.history_length > _WITHOUT_JOURNAL:
            with suppress(Conflict):  # started with what orders no run
                return (await history.order_of(self._executions.client, description.id, seconds)).terms
        return RunTerms.model_construct(tags=tuple(description.typed_search_attributes.get(WAND_TAGS) or ()))

    async def _copy_journal(self, closed: _Closed, seconds: float) -> None:
        after = await self._store.events.last_seq(closed.run.run_id)
        while True:
            try:
                page = await self._executions.events(closed.run.run_id, after, PAGE, seconds, although_closed=True)
            except QueryFailed as error:
                if STORE_AWAY in error.message:  # which does not last
                    raise Unavailable("payloads", error.message) from error
                raise
            if not page.events:
                return
            await self._append(closed, page.events, seconds)
            after = page.events[-1].seq

    async def _is_lost(
        self, error: WandError, description: WorkflowExecutionDescription, seconds: float, wait: timedelta
    ) -> bool:
        """Return whether the journal is not to be had for this reason: its code fails, or nobody serves its task queue,
        for so long that this is no restart.
        """
        if isinstance(error, QueryFailed | WorkflowFails):
            return True
        closed_at = description.close_time
        if error.fields["missing"] != "worker" or closed_at is None or datetime.now(UTC) - closed_at < wait:
            return False
        queue = description.task_queue
        return queue not in await polled(
            self._executions.client, [queue], TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, seconds
        )

    async def _copy_known(self, closed: _Closed, seconds: float) -> None:
        """Archive the events that follow from the history alone, as no worker can read the journal."""
        archived = await self.fold_archive(closed.run.run_id)
        if not archived.status.ended:
            events = await known_events(self._executions.client, closed.run.run_id, archived, seconds)
            for start in range(0, len(events), PAGE):
                await self._append(closed, events[start : start + PAGE], seconds)

    async def _append(self, closed: _Closed, events: Sequence[Event], seconds: float) -> None:
        """Start the webhook, then archive: a failure after the first is repeated, and a delivery is started
        only once.
        """
        run = closed.run
        await self._webhooks.tell_ending(closed.terms.webhook, events, run, seconds)
        archive = Archive(
            run_id=run.run_id,
            graph_id=run.graph_id,
            name=run.name,
            terms=closed.terms,
            part_of=run.part_of,
            events=tuple(events),
            result=closed.result,
        )
        await self._store.archive.append(archive)


def _summary(description: WorkflowExecutionDescription, terms: RunTerms) -> RunSummary:
    """Return the summary of a run that has no row."""
    attributes = description.typed_search_attributes
    return RunSummary.of(
        terms,
        run_id=description.id,
        graph_id=attributes.get(WAND_GRAPH_ID),
        name=attributes.get(WAND_GRAPH) or description.id,
        status=RunStatus.RUNNING,
        progress=0,
        created_at=description.start_time,
        started_at=description.start_time,
        finished_at=None,
        error=None,
        part_of=root_of(description),
    )
