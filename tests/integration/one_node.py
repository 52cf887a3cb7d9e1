"""A workflow of one node, for tests of the runner. In a module of its own: its sandbox loads nothing else."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType

from wand_orchestrator.contract.node import (
    AgentCall,
    AgentResult,
    Report,
)
from wand_orchestrator.contract.steering import (
    SIGNAL_REPORT,
)

NODE = "n"


@dataclass
class Order:
    """One node to run; `timeout_sec` is of an attempt, `backoff_sec` before the second one."""

    agent: str
    call: dict[str, Any]
    timeout_sec: float = 30
    attempts: int = 1
    backoff_sec: float = 0.01
    non_retryable: list[str] = field(default_factory=list)


@workflow.defn
class OneNode:
    """Runs one agent as the node `n`, and keeps the batches that are reported meanwhile."""

    def __init__(self) -> None:
        self._batches: list[list[Report]] = []

    @workflow.run
    async def run(self, order: Order) -> AgentResult:
        result: AgentResult = await workflow.execute_activity(
            order.agent,
            AgentCall(**order.call),
            activity_id=NODE,
            result_type=AgentResult,
            start_to_close_timeout=timedelta(seconds=order.timeout_sec),
            heartbeat_timeout=timedelta(seconds=10),
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            retry_policy=RetryPolicy(
                initial_interval=timedelta(seconds=order.backoff_sec),
                maximum_attempts=order.attempts,
                non_retryable_error_types=order.non_retryable,
            ),
        )
        return result

    @workflow.signal(name=SIGNAL_REPORT)
    def report(self, reports: list[Report]) -> None:
        self._batches.append(reports)

    @workflow.query
    def batches(self) -> list[list[Report]]:
        return self._batches
