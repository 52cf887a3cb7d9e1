"""Starts agents as activities: a short one as a local activity, any other as a regular one."""

import asyncio
from collections.abc import Callable
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import FailureError

from wand_orchestrator.contract import LOCAL_PAYLOAD_BYTES, TOO_SLOW, AgentCall, AgentResult
from wand_orchestrator.graph import Node, Options
from workflows import entries
from workflows.activity_options import activity_options, local_activity_options
from workflows.arrivals import check_given, check_plain, result_of
from workflows.failures import node_failure
from workflows.size import size_up_to
from workflows.uncancelled import raise_if_cancelled
from workflows.workflow_task import MAX_BYTES, WorkflowTask

MAX_LOCAL_IN_FLIGHT = 32
"""Their results go to the server in one message."""


class Activities:
    """The activities of one run. `tell` puts an entry into the journal.

    `slow`: agents that declared themselves short and were not, in the history before this one.
    """

    def __init__(
        self,
        options: Options,
        task: WorkflowTask,
        tell: Callable[[entries.Entry], None],
        slow: list[str],
    ) -> None:
        self._options = options
        self._task = task
        self._tell = tell
        self._slow = dict.fromkeys(slow)
        self._local_slots = asyncio.Semaphore(MAX_LOCAL_IN_FLIGHT)

    @property
    def slow(self) -> list[str]:
        """Agents that run as regular activities from now on, because they were too slow for local ones."""
        return list(self._slow)

    def start(
        self, node: Node, params: dict[str, Any], input: dict[str, Any], earlier_attempts: int = 0
    ) -> asyncio.Future[Any]:
        """The future gives what `arrivals.result_of` reads, or raises why the agent failed. Cancel it to cancel the
        activity. Raises ApplicationError for what cannot be given to an activity.

        `earlier_attempts`: those that ended with their workers, and do not use up the node's retries.
        """
        key = f"{workflow.info().workflow_id}/{node.id}"
        call = AgentCall(params=params, input=input, idempotency_key=key, earlier_attempts=earlier_attempts)
        check_given(params, input)
        size = size_up_to(input, MAX_BYTES) + size_up_to(params, MAX_BYTES)
        if self._is_local(node, size):
            return asyncio.ensure_future(self._run_local(node, call))
        self._task.take(size)
        return self._start_regular(node, call)

    def _is_local(self, node: Node, size: int) -> bool:
        return (
            node.execution == "local"
            and node.queue is None
            and size <= LOCAL_PAYLOAD_BYTES
            and node.type not in self._slow
        )

    def _start_regular(self, node: Node, call: AgentCall, used: int = 0) -> asyncio.Future[Any]:
        """`used`: how many of the node's attempts were made as a local activity."""
        config = activity_options(node, self._options, used)
        if node.queue is not None:
            check_plain(call)
        activity = workflow.start_activity(node.type, call, result_type=RawValue, **config)
        activity.add_done_callback(lambda _: self._task.regular_ended())
        return activity

    async def _run_local(self, node: Node, call: AgentCall) -> Any:
        try:
            async with self._local_slots:
                if self._task.full:
                    await workflow.wait_condition(lambda: not self._task.full)
                return await self._await_local(node, call)
        except FailureError as error:
            attempts = self._attempts_if_too_slow(node, error)
            if attempts is None:
                raise
        raise_if_cancelled()
        used = attempts - call.earlier_attempts
        return await self._start_regular(node, call.model_copy(update={"earlier_attempts": attempts}), used)

    async def _await_local(self, node: Node, call: AgentCall) -> AgentResult:
        config = local_activity_options(node, self._options)
        result: AgentResult | None = None
        self._task.local_started()
        try:
            given = await workflow.start_local_activity(node.type, call, result_type=RawValue, **config)
            result = result_of(given)
            self._task.take(size_up_to(result.output, MAX_BYTES))
            return result
        finally:
            self._task.local_ended(result)

    def _attempts_if_too_slow(self, node: Node, error: FailureError) -> int | None:
        """The attempts before the one that was stopped for being too slow; None if that is not what it failed of."""
        failed = node_failure(node, self._options, error)
        if failed.failure.code != TOO_SLOW:
            return None
        for report in failed.details.reports:
            self._tell(entries.reported(report))
        self._tell(entries.node_too_slow(node, failed))
        self._slow[node.type] = None
        return failed.details.attempt - 1
