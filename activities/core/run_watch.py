"""Watches runs until they end, for parents and children that Temporal does not notify.

What awaits the end of a run may wait for days, and there may be thousands of it. So the activity takes no place in its
worker meanwhile: it is completed asynchronously, and this process sees to its heartbeats. When the run has ended, or
this worker stops, the attempt fails, and the next one looks for itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import NoReturn

from temporalio import activity
from temporalio.client import (
    AsyncActivityCancelledError,
    AsyncActivityHandle,
    Client,
    WorkflowExecutionStatus,
    WorkflowFailureError,
)
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, CancelledError, TerminatedError
from temporalio.service import RPCError, RPCStatusCode

from wand_orchestrator.contract.codes import CHILD_CANCELLED, CHILD_TERMINATED
from wand_orchestrator.contract.names import ACTIVITY_AWAIT_RUN, ACTIVITY_END_WITH_PARENT

CHILD_LOOK_SEC = 1.0
"""Between two looks at one run."""

LOOKS_PER_SEC = 100
"""Of one worker at all its runs together: above as many, each is looked at less often."""

WATCH_SILENCE_SEC = 10.0
"""Less than half of `workflows.nodes.started_child.SILENCE`, after which another worker takes the watch over."""

RPC_TIMEOUT = timedelta(seconds=5)


class RunWatch:
    """Watches runs for one worker. One task looks at a run, however many activities await its end."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ends: dict[str, asyncio.Task[None]] = {}
        self._waiting: set[asyncio.Task[None]] = set()

    async def is_open(self, run_id: str) -> bool:
        """Return whether the newest execution of the run is open; False if Temporal does not have it."""
        try:
            described = await self._client.get_workflow_handle(run_id).describe(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return described.status is WorkflowExecutionStatus.RUNNING

    def watch(self, run_id: str) -> NoReturn:
        """Complete the calling activity asynchronously: its next attempt starts when the run has ended. Raises what the
        SDK requires for that.
        """
        handle = self._client.get_async_activity_handle(task_token=activity.info().task_token)
        if (end := self._ends.get(run_id)) is None:
            end = self._ends[run_id] = asyncio.create_task(self._until_end(run_id))
            end.add_done_callback(lambda _: self._ends.pop(run_id))
        waiting = asyncio.create_task(_until_done(end, handle))
        self._waiting.add(waiting)
        waiting.add_done_callback(self._waiting.discard)
        activity.raise_complete_async()

    async def _until_end(self, run_id: str) -> None:
        """Wait until the run has ended, or the worker stops."""
        stopping = asyncio.create_task(activity.wait_for_worker_shutdown())
        try:
            while not stopping.done():
                await asyncio.wait({stopping}, timeout=max(CHILD_LOOK_SEC, len(self._ends) / LOOKS_PER_SEC))
                with suppress(RPCError):  # a server that does not answer says nothing of the run
                    if not await self.is_open(run_id):
                        return
        finally:
            stopping.cancel()


async def _until_done(end: "asyncio.Task[None]", handle: AsyncActivityHandle) -> None:
    """Send heartbeats until the end, then fail the activity so that its next attempt starts; stop early if it is
    cancelled.
    """
    with suppress(RPCError, AsyncActivityCancelledError):
        while not end.done():
            await asyncio.wait({end}, timeout=WATCH_SILENCE_SEC)
            if not end.done():
                await handle.heartbeat(rpc_timeout=RPC_TIMEOUT)
        await handle.fail(ApplicationError("it is time to look again"), rpc_timeout=RPC_TIMEOUT)


def run_watch_activities(client: Client) -> list[Callable[[str], Awaitable[RawValue | None]]]:
    """Return the activity that awaits the result of a child run, and the one that ends a child run with its parent."""
    watch = RunWatch(client)

    @activity.defn(name=ACTIVITY_AWAIT_RUN)
    async def await_run(run_id: str) -> RawValue:
        if await watch.is_open(run_id):
            watch.watch(run_id)
        return await _result(client, run_id)

    @activity.defn(name=ACTIVITY_END_WITH_PARENT)
    async def end_with_parent(parent: str) -> None:
        if await watch.is_open(parent):
            watch.watch(parent)
        await _end_own_run(client, parent)

    return [await_run, end_with_parent]


async def _result(client: Client, run_id: str) -> RawValue:
    """Return the result of the run. Raises a non-retryable ApplicationError with its failure if it has none."""
    try:
        result: RawValue = await client.get_workflow_handle(run_id, result_type=RawValue).result(
            rpc_timeout=RPC_TIMEOUT
        )
    except WorkflowFailureError as error:
        raise _ending(error.cause) from None
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise ApplicationError(
            "Temporal no longer has its child run", type=CHILD_TERMINATED, non_retryable=True
        ) from error
    return result


def _ending(cause: BaseException | None) -> ApplicationError:
    if isinstance(cause, ApplicationError):
        return ApplicationError(cause.message, *cause.details, type=cause.type, non_retryable=True)
    if isinstance(cause, CancelledError):
        return ApplicationError("its child run was cancelled", type=CHILD_CANCELLED, non_retryable=True)
    if isinstance(cause, TerminatedError):
        return ApplicationError("its child run was terminated", type=CHILD_TERMINATED, non_retryable=True)
    return ApplicationError(str(cause), type=type(cause).__name__, non_retryable=True)


async def _end_own_run(client: Client, parent: str) -> None:
    """Terminate the run whose activity calls this, as Temporal would with a parent that never had another history."""
    info = activity.info()
    handle = client.get_workflow_handle(info.workflow_id or "", run_id=info.workflow_run_id)
    await handle.terminate(reason=f"the run that it is a part of has ended: {parent}", rpc_timeout=RPC_TIMEOUT)
