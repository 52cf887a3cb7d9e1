"""Holds a child run back while a run that it is a part of is ending.

A cancel goes from each run to its own child runs, one workflow task after the other. On a busy machine those further
down would go on starting child runs meanwhile, faster than the cancel reaches them. So a child run looks first.
"""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from wand_orchestrator.contract.names import ACTIVITY_IS_ENDING
from wand_orchestrator.contract.run import RunParent
from wand_orchestrator.temporal.visibility import summary
from wand_orchestrator.workflows.patches import patched

PATCH = "ends-with-ancestors"

LOOK_COUNTS_SEC = 1.0
"""How long a look counts: many child runs may be started at once."""

ANSWER = timedelta(seconds=5)
RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=5))
"""For ever: while Temporal is away or busy, nothing starts."""


class Ancestry:
    """Knows whether a run that this one is a part of is ending. `parent`: None for a run that is no child run."""

    def __init__(self, parent: RunParent | None) -> None:
        self._parent = parent
        self._asking: asyncio.Future[bool] | None = None
        self._asked_at: float | None = None
        self._is_ending = False

    async def admit(self) -> None:
        """Return when something may start. If the run is about to be cancelled with those above it, wait for that:
        raises CancelledError.
        """
        if self._parent is None or not patched(PATCH):
            return
        if not self._is_ending and (self._asked_at is None or workflow.time() - self._asked_at > LOOK_COUNTS_SEC):
            await self._ask(self._parent)
        if self._is_ending:
            await workflow.wait_condition(lambda: False)

    async def _ask(self, parent: RunParent) -> None:
        if self._asking is None or self._asking.done():
            self._asking = workflow.start_local_activity(
                ACTIVITY_IS_ENDING,
                parent.run_id,
                result_type=bool,
                start_to_close_timeout=ANSWER,
                retry_policy=RETRY,
                summary=summary("whether those above it are ending"),
            )
        asking = self._asking
        self._is_ending = await asyncio.shield(asking) or self._is_ending
        self._asked_at = workflow.time()
