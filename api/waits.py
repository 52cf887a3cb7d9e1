"""Finds out what a run in progress waits for: asks Temporal who polls, and puts it into words by `api.runs.waiting`."""

from collections.abc import Mapping
from datetime import UTC, datetime

from temporalio.api.enums.v1 import TaskQueueType

from wand_orchestrator.api.runs import waiting
from wand_orchestrator.api.runs.pending_activities import PendingNode
from wand_orchestrator.api.temporal.budget import CallBudget
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.contract.state import RunState
from wand_orchestrator.errors import Unavailable, WandError
from wand_orchestrator.graph import Graph

POLLERS_SEC = 0.4


class Waits:
    def __init__(self, executions: Executions) -> None:
        self._executions = executions

    async def of_nodes(
        self, pending: Mapping[str, PendingNode], state: RunState, graph: Graph | None, budget: CallBudget
    ) -> dict[str, str]:
        """By node id, what each node that does not go on waits for."""
        now = datetime.now(UTC)
        queues = waiting.queues_to_check(pending.values(), now)
        polled: set[str] | None = None
        try:
            polled = await self._executions.polled(
                queues, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY, budget.left(POLLERS_SEC)
            )
        except Unavailable:
            polled = None
        reasons = waiting.node_reasons(pending, polled, now)
        if graph is not None:
            reasons |= waiting.held_back(graph, state)
            reasons |= waiting.open_questions(graph, state)
        return reasons

    async def of_workflow(self, missing: WandError | None, budget: CallBudget) -> str:
        """Why the workflow did not tell its state."""
        queue = self._executions.task_queue
        try:
            polled = await self._executions.polled(
                [queue], TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, budget.left(POLLERS_SEC)
            )
        except Unavailable as error:
            return error.message
        if not polled:
            return f"no worker polls the task queue {queue}"
        return missing.message if missing is not None else "a worker to take its workflow"
