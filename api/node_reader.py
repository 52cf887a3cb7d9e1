"""Reads one node of a run, with its parts: a map may have ten thousand, which the run itself does not list."""

from itertools import islice

from wand_orchestrator.api.reconcile.reconciliation import Reconciliation
from wand_orchestrator.api.runs.models import NodeDetail, NodeView
from wand_orchestrator.api.runs.reader import TEMPORAL_SEC, RunReader
from wand_orchestrator.api.runs.waiting import question_reason
from wand_orchestrator.api.temporal.budget import CallBudget
from wand_orchestrator.api.temporal.errors import ExecutionClosed
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.contract.contract import PartsPage
from wand_orchestrator.contract.state import parts_of
from wand_orchestrator.errors import NotFound


class NodeReader:
    def __init__(self, executions: Executions, runs: RunReader, settlement: Reconciliation) -> None:
        self._executions = executions
        self._runs = runs
        self._settlement = settlement

    async def read(self, run_id: str, node: str, offset: int, limit: int) -> NodeDetail:
        """`limit` of its parts from `offset`. Raises NotFound, Unavailable."""
        budget = CallBudget()
        run = await self._runs.read(run_id)
        if node not in run.nodes:
            raise NotFound(f"the run has no node {node}", code="node_not_found")
        page = await self._parts(run_id, run.status.ended, node, offset, limit, budget)
        parts = {name: NodeView.of(state, _reason(page, name)) for name, state in page.parts.items()}
        return NodeDetail(**dict(run.nodes[node]), parts=parts, total_parts=page.total)

    async def _parts(
        self, run_id: str, ended: bool, node: str, offset: int, limit: int, budget: CallBudget
    ) -> PartsPage:
        if not ended:
            try:
                return await self._executions.parts(run_id, node, offset, limit, budget.left(TEMPORAL_SEC))
            except ExecutionClosed:  # meanwhile
                await self._settlement.settle(run_id, budget.left())
        parts = parts_of(await self._settlement.ended_state(run_id), node)
        return PartsPage(parts=dict(islice(parts.items(), offset, offset + limit)), total=len(parts))


def _reason(page: PartsPage, part: str) -> str | None:
    question = page.questions.get(part)
    return None if question is None else question_reason(question)
