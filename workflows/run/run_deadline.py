"""Implements the deadline of a run: a durable timer that stops while the run is paused.

Temporal's own execution timeout cannot stand still, and ends a run without its last events; so it is not used.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow


class RunDeadline:
    """Calls `passed` once the run has been going for `budget`; None: never."""

    def __init__(self, budget: timedelta | None, passed: Callable[[], None]) -> None:
        self._budget = budget
        self._passed = passed
        self._since: datetime | None = None
        self._timer: asyncio.Task[None] | None = None

    @property
    def remaining(self) -> timedelta | None:
        """The rest of the budget; None without a deadline."""
        if self._budget is None or self._since is None:
            return self._budget
        return max(timedelta(0), self._budget - (workflow.now() - self._since))

    def start(self) -> None:
        """Start or resume the timer; no effect if it is running."""
        if self._budget is None or self._timer is not None:
            return
        self._since = workflow.now()
        self._timer = asyncio.create_task(self._expire(self._budget))

    def stop(self) -> None:
        """Stop the timer and keep the rest of the budget."""
        self._budget, self._since = self.remaining, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _expire(self, after: timedelta) -> None:
        await workflow.sleep(after, summary="run deadline")
        self._passed()
