"""Combines what is known of a run: its row, its workflow's state, and its pending activities in Temporal.

Each of the three may be away. What is known is told, and what is missing stands in `waiting_for`.
"""

import asyncio
from contextlib import suppress

from temporalio.client import WorkflowExecutionDescription

from wand_orchestrator.api.graphs.cache import GraphCache
from wand_orchestrator.api.reconcile.reconciliation import Reconciliation
from wand_orchestrator.api.runs.execution_state import ExecutionState, or_error, stand_in, without_end
from wand_orchestrator.api.runs.models import RunView, run_view
from wand_orchestrator.api.runs.pending_activities import overlay, pending_nodes
from wand_orchestrator.api.runs.waiting import Waits, held_nodes
from wand_orchestrator.api.temporal.budget import LEAST_SEC, CallBudget
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.contract.state import RunState, RunStatus
from wand_orchestrator.errors import NotFound, Unavailable, WandError
from wand_orchestrator.graph import Graph
from wand_orchestrator.storage import Run, Store, StoredGraph

DATABASE_SEC = 0.6
TEMPORAL_SEC = 0.6
CLOSING_LOOK_SEC = 0.02
CLOSING_LOOKS_SEC = 0.25
"""Between two looks whether an end has been written to the database: at first, and at last."""

CLOSING_REST_SEC = 0.2
"""Of the time for the answer, left for putting it together."""

KNOWN_END_SEC = 0.5
"""Of the same, to read from Temporal how a run ended whose journal no worker tells."""

RETRIES_SHOWN = 20


class RunReader:
    def __init__(self, executions: Executions, store: Store, settlement: Reconciliation, graphs: GraphCache) -> None:
        self._executions = executions
        self._store = store
        self._settlement = settlement
        self._graphs = graphs
        self._waits = Waits(executions)

    async def read(self, run_id: str) -> RunView:
        """Return the view of a run. Raises NotFound; Unavailable if nothing is known because a service is away."""
        budget = CallBudget()
        row = await self.row(run_id, budget)
        if isinstance(row, Run) and row.status.ended:
            return await self._ended(row)
        execution = await self._execution(run_id, await self._graph(row) if isinstance(row, Run) else None, budget)
        description = execution.description
        if not isinstance(description, WorkflowExecutionDescription):
            return await self._without_temporal(run_id, row, description, budget)
        run = row if isinstance(row, Run) else stand_in(description)
        if execution.closed:
            return await self._closed(run, budget)
        if isinstance(execution.state, RunState) and execution.state.status.ended:
            return await self._closing(run, execution.state, budget)
        return await self._open(run, description, execution.state, budget)

    async def input_json(self, run_id: str) -> str:
        """Return the input as it is stored. Raises NotFound, Unavailable."""
        run = await self.known(run_id, CallBudget())
        if run is None:
            raise NotFound("the input of the run is not known yet", code="input_unknown")
        return run.input_json

    async def held(self, run_id: str) -> list[str]:
        """Return the nodes that failed and hold the run; none if its workflow does not answer."""
        budget = CallBudget()
        row = await self.row(run_id, budget)
        graph = await self._graph(row) if isinstance(row, Run) else None
        if graph is None:
            return []
        state = await or_error(self._executions.state(run_id, graph, budget.left(TEMPORAL_SEC)))
        return held_nodes(graph, state) if isinstance(state, RunState) else []

    async def row(self, run_id: str, budget: CallBudget) -> Run | Unavailable | None:
        """Return the run's row; None if there is none; the error if the database is away."""
        try:
            async with asyncio.timeout(budget.left(DATABASE_SEC)):
                return await self._store.runs.get(run_id)
        except Unavailable as error:
            return error
        except TimeoutError:
            return Unavailable("database", "the database does not answer")

    async def known(self, run_id: str, budget: CallBudget) -> Run | None:
        """Return the run's row; None if only Temporal knows the run.

        Raises NotFound, also for a run that was deleted; Unavailable if that cannot be told.
        """
        row = await self.row(run_id, budget)
        if isinstance(row, Run):
            return row
        if await self._executions.describe(run_id, budget.left()) is None:
            if isinstance(row, Unavailable):
                raise row
            raise NotFound(f"there is no run {run_id}", code="run_not_found")
        return None

    async def note_cancelling(self, run_id: str, budget: CallBudget) -> None:
        """Store that the run is being cancelled, so that it is told while Temporal does not answer, too. Without the
        database only Temporal tells it.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(budget.left(DATABASE_SEC)):
                await or_error(self._store.runs.note_cancelling(run_id))

    async def _execution(self, run_id: str, graph: Graph | None, budget: CallBudget) -> ExecutionState:
        seconds = budget.left(TEMPORAL_SEC)
        description, state = await asyncio.gather(
            or_error(self._executions.describe(run_id, seconds)),
            or_error(self._executions.state(run_id, graph, seconds)),
        )
        return ExecutionState(description, state)

    async def _ended(self, run: Run) -> RunView:
        state = await self._settlement.ended_state(run.run_id)
        retried_by = await self._store.runs.retries_of(run.run_id, RETRIES_SHOWN)
        return run_view(run, state, await self._graph(run), result=run.result, retried_by=retried_by)

    async def _without_temporal(
        self, run_id: str, row: Run | Unavailable | None, temporal: WandError | None, budget: CallBudget
    ) -> RunView:
        """Return the view from the database, of a run that Temporal does not know or while it is away."""
        if isinstance(row, Unavailable):
            raise row
        if row is None:
            raise temporal or NotFound(f"there is no run {run_id}", code="run_not_found")
        if temporal is not None:
            reason = temporal.message
        elif row.status is RunStatus.PENDING:
            reason = "Temporal to accept its start"
        else:
            with suppress(NotFound):  # it may be in another Temporal
                await self._settle(run_id, budget)
            reason = "Temporal does not know this run: its history is gone, or lies in another namespace"
        state = await self._archived_state(row)
        if state.status.ended:  # it ended while Temporal was asked
            ended = await self.row(run_id, budget)
            if isinstance(ended, Run) and ended.status.ended:
                return await self._ended(ended)
            state = without_end(state)
        return run_view(row, state, await self._graph(row), reasons=[reason])

    async def _closed(self, run: Run, budget: CallBudget) -> RunView:
        """Settle the run and return its view. If a service is away, its end is not shown yet, but later together with
        its result.
        """
        missing = await self._settle(run.run_id, budget)
        row = await self.row(run.run_id, budget)
        if isinstance(row, Run) and row.status.ended:
            return await self._ended(row)
        state = await self._known_end(run.run_id, missing, budget) or without_end(await self._archived_state(run))
        return run_view(run, state, await self._graph(run), reasons=[missing.message])

    async def _settle(self, run_id: str, budget: CallBudget) -> Unavailable:
        """Settle the run; return what is missing if that could not be done."""
        seconds = max(LEAST_SEC, budget.left() - KNOWN_END_SEC)
        try:
            async with asyncio.timeout(seconds):
                await self._settlement.settle(run_id, seconds)
        except Unavailable as error:
            return error
        except TimeoutError:
            return Unavailable("worker", "its journal to be brought into the database")
        return Unavailable("temporal", "Temporal to tell how it ended")

    async def _known_end(self, run_id: str, missing: Unavailable, budget: CallBudget) -> RunState | None:
        """Return how the run ended, if only a worker for its journal is missing; nothing is stored."""
        if missing.fields["missing"] != "worker":
            return None
        known = await or_error(self._settlement.known_end(run_id, budget.left()))
        return known if isinstance(known, RunState) else None

    async def _closing(self, run: Run, state: RunState, budget: CallBudget) -> RunView:
        """Return the view of a run whose result is on the way to the database: its end is shown together with the
        result.

        The row is read until it has the end. To wait for the close of the workflow would take another workflow task,
        which under a burst takes its time.
        """
        pause = CLOSING_LOOK_SEC
        while True:
            row = await self.row(run.run_id, budget)
            if isinstance(row, Run) and row.status.ended:
                return await self._ended(row)
            if budget.left() <= pause + CLOSING_REST_SEC:
                break
            await asyncio.sleep(pause)
            pause = min(2 * pause, CLOSING_LOOKS_SEC)
        reason = row.message if isinstance(row, Unavailable) else "its journal to be written to the database"
        return run_view(run, without_end(state), await self._graph(run), reasons=[reason])

    async def _open(
        self, run: Run, description: WorkflowExecutionDescription, told: RunState | WandError, budget: CallBudget
    ) -> RunView:
        reasons = [] if isinstance(told, RunState) else [await self._waits.of_workflow(told, budget)]
        reasons += [told.exceeded] if isinstance(told, RunState) and told.exceeded is not None else []
        state = told if isinstance(told, RunState) else await self._archived_state(run)
        if state.status.ended:  # it ended while it was being read
            return await self._closing(run, state, budget)
        if state.status is RunStatus.PENDING:
            state.status = RunStatus.RUNNING
        if description.raw_description.workflow_extended_info.cancel_requested:
            state.status = RunStatus.CANCELLING
            if run.status is not RunStatus.CANCELLING:
                await self.note_cancelling(run.run_id, budget)
        pending = pending_nodes(description)
        overlay(state.nodes, pending)
        graph = await self._graph(run)
        of_nodes = await self._waits.of_nodes(pending, state, graph, budget)
        return run_view(run, state, graph, reasons=reasons, node_reasons=of_nodes)

    async def _archived_state(self, run: Run) -> RunState:
        """Return the state as the database has it: from the row, and from the archived events."""
        archived = await or_error(self._settlement.fold_archive(run.run_id))
        state = archived if isinstance(archived, RunState) else RunState()
        state.started_at = state.started_at or run.started_at
        if not state.last_seq:
            state.status = run.status
        return state

    async def _graph(self, run: Run) -> Graph | None:
        if run.graph_id is None:
            return None
        graph = await or_error(self._graphs.get(run.graph_id))
        return graph.graph if isinstance(graph, StoredGraph) else None
