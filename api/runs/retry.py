"""Retries runs that ended without success: each retry is a new run, which keeps the outputs of nodes that had
succeeded.
"""

import hashlib
from collections.abc import Sequence

from wand_orchestrator.api.graphs.cache import GraphCache
from wand_orchestrator.api.graphs.graph_check import GraphCheck
from wand_orchestrator.api.outbox.outbox import OUTBOX_START_SEC, Outbox
from wand_orchestrator.api.runs.models import RunCreated
from wand_orchestrator.api.runs.reader import RunReader
from wand_orchestrator.api.runs.run_steering import UnknownNode
from wand_orchestrator.api.runs.start import LEAST_START_SEC
from wand_orchestrator.api.temporal import history
from wand_orchestrator.api.temporal.budget import CallBudget
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.api.temporal.launch import Launch
from wand_orchestrator.contract.ids import new_run_id
from wand_orchestrator.contract.run import RunInput, RunOrder
from wand_orchestrator.contract.run_terms import RetryOf
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.errors import Conflict, NotFound
from wand_orchestrator.graph import Graph, SpendingBudget
from wand_orchestrator.storage import Idempotency, Run, Store
from wand_orchestrator.storage.subgraphs import Subgraphs

READ_SEC = 0.6

MAX_EARLIER = 50
"""Retries of retries whose files a run can still read."""


class Retries:
    def __init__(
        self,
        executions: Executions,
        store: Store,
        graphs: GraphCache,
        check: GraphCheck,
        runs: RunReader,
        subgraphs: Subgraphs,
        launcher: Outbox,
    ) -> None:
        self._executions = executions
        self._store = store
        self._graphs = graphs
        self._check = check
        self._runs = runs
        self._subgraphs = subgraphs
        self._launcher = launcher

    async def retry(
        self,
        run_id: str,
        from_nodes: Sequence[str],
        idempotency_key: str | None,
        budget_of_run: SpendingBudget | None = None,
    ) -> RunCreated:
        """Start a retry of the run. Raises NotFound, UnknownNode, Unavailable; Conflict for an open run, or one with
        nothing left to do.
        """
        budget = CallBudget()
        _require_retryable((await self._runs.read(run_id)).status, from_nodes)
        order = await self._order(run_id, budget)
        graph_id, version, graph = await self._graph(run_id, order)
        _require_known(graph, from_nodes)
        subgraphs = await self._subgraphs.of(graph, graph_id)
        earlier = _earlier(await self._store.runs.get(run_id))
        retry_of = RetryOf(run_id=run_id, from_nodes=tuple(from_nodes), earlier=earlier, budget=budget_of_run)
        run = await self._store.runs.add(
            new_run_id(),
            graph_id,
            graph.name,
            order.terms.model_copy(update={"retry_of": retry_of, "input": await self._check.admit(graph, order.input)}),
            _idempotency(retry_of, idempotency_key),
        )
        seconds = max(LEAST_START_SEC, budget.left(OUTBOX_START_SEC))
        status = await self._launcher.start(Launch(run, graph, version, subgraphs), seconds)
        return RunCreated(run_id=run.run_id, status=status)

    async def _graph(self, run_id: str, order: RunInput | RunOrder) -> tuple[str, int, Graph]:
        """Return the id, the version and the graph of the run. Raises Conflict if it ended before it had a graph."""
        if isinstance(order, RunInput):
            known = await self._graphs.get(order.graph_id) if order.graph_id else None
            known = known or await self._store.graphs.find_or_add(order.graph)
            return known.graph_id, known.version, order.graph
        row = await self._store.runs.get(run_id)
        stored = await self._graphs.get(row.graph_id) if row and row.graph_id else None
        if stored is None:
            raise Conflict("the run ended before it had a graph: start a new run", code="nothing_to_retry")
        return stored.graph_id, stored.version, stored.graph

    async def _order(self, run_id: str, budget: CallBudget) -> RunInput | RunOrder:
        try:
            return await history.order_of(self._executions.client, run_id, budget.left(READ_SEC))
        except NotFound as error:
            raise Conflict(
                "Temporal no longer has the history of the run, so what had succeeded is gone: start a new run",
                code="history_gone",
            ) from error


def _require_retryable(status: RunStatus, from_nodes: Sequence[str]) -> None:
    if not status.ended:
        raise Conflict(f"the run is {status}: only a run that has ended can be retried", code="run_open")
    if status is RunStatus.SUCCEEDED and not from_nodes:
        raise Conflict(
            "the run succeeded: name the nodes that are to run again in `from` (`wand runs retry --from NODE`)",
            code="nothing_to_retry",
        )


def _require_known(graph: Graph, from_nodes: Sequence[str]) -> None:
    unknown = sorted(set(from_nodes) - {node.id for node in graph.nodes})
    if unknown:
        raise UnknownNode(f"the run has no node {', '.join(unknown[:5])}")


def _earlier(row: Run | None) -> tuple[str, ...]:
    """Return the runs whose files the outputs of this one may name: the run that it is a part of, and those that it
    retries.
    """
    if row is None:
        return ()
    above = () if row.part_of is None else (row.part_of,)
    before = () if row.terms.retry_of is None else (row.terms.retry_of.run_id, *row.terms.retry_of.earlier)
    return (*above, *before)[:MAX_EARLIER]


def _idempotency(retry_of: RetryOf, key: str | None) -> Idempotency | None:
    if key is None:
        return None
    return Idempotency(
        key,
        hashlib.sha256(
            retry_of.model_dump_json(exclude={"earlier"} if retry_of.budget else {"earlier", "budget"}).encode()
        ).hexdigest(),
    )
