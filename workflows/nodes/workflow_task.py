"""Bounds what goes into one workflow task, and ends it when it is full.

A workflow task lasts as long as local activities follow one another. Until it has ended no query is answered, no signal
comes in, no regular activity starts and nothing that was done is safe; and all that it did goes to the server in one
message of limited size. So after a while nothing more is started, and when the local activities in flight have ended an
activity that does nothing ends the task. Whether it is time is told by what is recorded in the history, so a replay
decides the same. (A timer would do, too, but the server lets the shortest one take a second.)
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from wand_orchestrator.contract.names import (
    ACTIVITY_NEXT_TASK,
    own_activity_id,
)
from wand_orchestrator.contract.node import (
    AgentResult,
)
from wand_orchestrator.graphs.evaluation_budget import MAX_STEPS, Budget
from wand_orchestrator.validation.json_schema import MAX_SCHEMA_STEPS
from wand_orchestrator.workflows.patches import patched

PATCH = "expressions-end-a-task"
PATCH_STEPS = "expressions-take-a-million-steps"

FORMER_MAX_STEPS = 500_000
"""Of all evaluations of a task, after which it ends. Histories of before have it as the limit of one evaluation."""

SCHEMA_STEP = 5
"""Steps of an expression that take as long as one step of a check against a JSON Schema."""

MAX_DURATION = timedelta(milliseconds=150)
"""Of local activities in a row. An event reaches its subscribers this much later, at most, plus one node."""

MAX_BYTES = 1_500_000
"""Of inputs and local results, which go to the server together. Its limit is 4 MB for one message."""


class WorkflowTask:
    """Measures the current workflow task. `wake` is called when a full task has ended, and more may start."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._bytes = 0
        self._began: datetime | None = None
        self._lasted = timedelta(0)
        self._local_in_flight = 0
        self._ending: asyncio.Task[None] | None = None
        self._ended = 0
        self._steps = 0
        self.exhausted = False
        """Expressions have taken so long that no other is to be evaluated before the task has ended."""

    @property
    def full(self) -> bool:
        """Whether the task is full: nothing more may start before it has ended."""
        busy = self._bytes >= MAX_BYTES or self._lasted >= MAX_DURATION
        return busy or self.exhausted or self._ending is not None

    def end(self) -> None:
        """End the task; `wake` is called in the next one."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())

    def take(self, size: int) -> None:
        """Count `size` bytes that go to the server with this task."""
        self._bytes += size
        self._end_if_full()

    def took(self, steps: int) -> None:
        """Count the steps of an expression. Even if the last one takes MAX_STEPS, a task stays well within the 2 s
        after which the SDK gives it up.
        """
        self._steps += steps
        if self._steps < FORMER_MAX_STEPS:
            return
        self._steps = 0
        if patched(PATCH):
            self.exhausted = True
            self._end_if_full()

    @contextmanager
    def evaluation(self) -> Iterator[Budget]:
        """Provide the budget of one evaluation, and count afterwards the steps that it took."""
        budget = Budget(FORMER_MAX_STEPS, _more_steps)
        try:
            yield budget
        finally:
            self.took(budget.used)

    @contextmanager
    def schema_check(self) -> Iterator[Budget]:
        """Provide the budget of one check against a JSON Schema, and count afterwards the steps that it took."""
        budget = Budget(MAX_SCHEMA_STEPS)
        try:
            yield budget
        finally:
            self.took(SCHEMA_STEP * budget.used)

    def now(self) -> datetime:
        """Return the run's time, which is the same in a replay."""
        return workflow.now()

    def local_started(self) -> None:
        self._local_in_flight += 1

    def local_ended(self, result: AgentResult | None = None) -> None:
        """Record the end of a local activity. `result`: its result, unless it failed."""
        self._local_in_flight -= 1
        if result is not None and result.ended_at is not None:
            began = result.ended_at - timedelta(milliseconds=result.duration_ms or 0)
            self._began = began if self._began is None else min(self._began, began)
            self._lasted = max(self._lasted, result.ended_at - self._began)
        self._end_if_full()

    def regular_ended(self) -> None:
        """Restart the time of local activities: the end of a regular one arrives with a new task."""
        self._began, self._lasted = None, timedelta(0)

    def _end_if_full(self) -> None:
        """End the task if it is full, but not while a local activity is in flight."""
        if self.full and self._local_in_flight == 0:
            self.end()

    async def _end(self) -> None:
        self._ended += 1
        with suppress(ActivityError):  # an operator may have ended it, and however it ends, so has the task
            await workflow.execute_activity(
                ACTIVITY_NEXT_TASK,
                activity_id=own_activity_id(f"task-{self._ended}"),
                start_to_close_timeout=timedelta(seconds=10),
                summary="the next workflow task",
            )
        self._ending, self._bytes, self._steps, self.exhausted = None, 0, 0, False
        self.regular_ended()
        self._wake()


def _more_steps() -> int:
    return MAX_STEPS - FORMER_MAX_STEPS if patched(PATCH_STEPS) else 0
