"""Represents a child run that its parent awaits: started in this history of the parent, or in an earlier one.

Temporal tells the end of a child workflow to the history that started it alone, so in a later one an activity awaits
it, and signals and cancels go to it as to any other workflow.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any, Protocol

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from wand_orchestrator.contract.codes import CHILD_CANCELLED
from wand_orchestrator.contract.names import ACTIVITY_AWAIT_RUN, ACTIVITY_END_WITH_PARENT, own_activity_id
from wand_orchestrator.contract.run import RunParent
from wand_orchestrator.temporal.visibility import summary

SILENCE = timedelta(seconds=30)
"""After which a worker that watches a run is taken to be gone, and another one watches it."""

ALWAYS = timedelta(days=3650)
RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=500), backoff_coefficient=1.0)
"""For ever: an attempt ends when it is time to look again."""

USUAL = timedelta(seconds=5)
"""A child run that ends within it costs no watch of its parent."""


class Child(Protocol):
    """Represents a started child run. `crosses`: whether it can be awaited in the parent's next history, too."""

    @property
    def run_id(self) -> str: ...

    @property
    def crosses(self) -> bool: ...

    async def signal(self, name: str) -> None: ...

    async def result(self) -> Any:
        """Return what `activity_results.run_result_of` reads; raises as a child workflow does. A cancel is passed on to
        the child run, whose end is still awaited.
        """


class StartedChild:
    def __init__(self, handle: "workflow.ChildWorkflowHandle[Any, Any]", crosses: bool) -> None:
        self._handle = handle
        self.run_id = handle.id
        self.crosses = crosses

    async def signal(self, name: str) -> None:
        await self._handle.signal(name)

    async def result(self) -> Any:
        return await self._handle


class CarriedChild:
    """Represents a child run that an earlier history of the parent has started."""

    crosses = True

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self._cancelling: asyncio.Future[None] | None = None

    async def signal(self, name: str) -> None:
        await workflow.get_external_workflow_handle(self.run_id).signal(name)

    async def result(self) -> Any:
        awaiting = watching(ACTIVITY_AWAIT_RUN, self.run_id, "child", f"the end of {self.run_id}")
        while not awaiting.done():
            try:
                with suppress(ActivityError):  # raised below
                    await asyncio.shield(awaiting)
            except asyncio.CancelledError:
                self._cancelling = self._cancelling or asyncio.ensure_future(self._cancel())
        try:
            return awaiting.result()
        except ActivityError as error:
            if self._cancelling and isinstance(error.cause, ApplicationError) and error.cause.type == CHILD_CANCELLED:
                raise asyncio.CancelledError from None
            raise

    async def _cancel(self) -> None:
        try:
            await workflow.get_external_workflow_handle(self.run_id).cancel()
        except FailureError as error:  # it has ended meanwhile
            workflow.logger.info("the child run %s could not be cancelled: %s", self.run_id, error)


async def end_with_parent(parent: RunParent) -> None:
    """Wait while the parent is open; when it is not, an activity terminates this run."""
    await workflow.sleep(USUAL, summary=summary("then it is watched whether the parent is open"))
    await watching(ACTIVITY_END_WITH_PARENT, parent.run_id, "parent", f"as long as {parent.run_id} is open")


def watching(activity: str, run_id: str, id: str, told: str) -> "asyncio.Future[Any]":
    """Start an activity that watches a run until something happens, under an id that no node can have."""
    handle: asyncio.Future[Any] = workflow.start_activity(
        activity,
        run_id,
        activity_id=own_activity_id(f"{id}-{workflow.uuid4().hex}"),
        result_type=RawValue,
        start_to_close_timeout=ALWAYS,
        heartbeat_timeout=SILENCE,
        retry_policy=RETRY,
        cancellation_type=workflow.ActivityCancellationType.ABANDON,
        summary=summary(told),
    )
    return handle
