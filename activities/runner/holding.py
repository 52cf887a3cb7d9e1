"""Keeps attempts running beyond the history in which they began.

When a run goes on in a new history (continue-as-new), the server forgets its activities, and answers their next
heartbeat that there is no such activity. An agent that has worked for an hour must not begin anew for that: it goes on
in its worker, and the new history has an activity of the same id there, on the task queue that this worker alone polls,
which carries the attempt on. What ends between the two histories is kept for the activity that will ask for it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.activity import ActivityCancellationDetails
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from wand_orchestrator.activities.runner.attempt_failures import WORKER_SHUTDOWN
from wand_orchestrator.contract.emitted_text import HEARTBEAT_TEXT_BYTES
from wand_orchestrator.contract.names import (
    ACTIVITY_HOLD,
)
from wand_orchestrator.contract.node import (
    AgentResult,
    HeldAttempt,
)
from wand_orchestrator.temporal.emission_feed import Emission

FIRST_HEARTBEAT_SEC = 0.1
"""An agent that has ended by then costs no heartbeat, and its end does not wait for the answer to one."""

BEAT_SEC = 0.5

TEXT_BEAT_SEC = 0.1
"""Of an agent that emits text: what the worker sends at its next turn is no older."""

RUN_LOOK_SEC = 5.0
"""Between two looks whether the run of an attempt that nobody carries on is still there."""

KEEP_SEC = 60.0
"""Of a run that is about to go on in a new history, how long what ended is kept: it may have ended in between."""

KEEP_LEFT_SEC = 600.0
"""The same for an attempt whose history had ended: the new one waits for a worker of workflows, which may be away."""

RPC_TIMEOUT = timedelta(seconds=5)

Stop = Callable[[ActivityCancellationDetails | None], None]


class HeldAttempts:
    """The regular attempts that run in one worker, by run and node. `queue`: the task queue that it alone polls.

    `identity`: the worker's. `grace_sec`: what an attempt has to end in when the worker stops.
    `text_bytes`: of emitted text in a heartbeat.
    """

    def __init__(self, queue: str, identity: str, grace_sec: float, text_bytes: int = HEARTBEAT_TEXT_BYTES) -> None:
        self.queue = queue
        self.identity = identity
        self.grace_sec = grace_sec
        self.text_bytes = text_bytes
        self._attempts: dict[tuple[str, str], HeldCall] = {}
        self._held_until: dict[str, float] = {}

    def add(self, attempt: "HeldCall") -> None:
        self._attempts[attempt.run_id, attempt.node] = attempt

    def find(self, run_id: str, node: str) -> "HeldCall | None":
        return self._attempts.get((run_id, node))

    def ended(self, attempt: "HeldCall") -> None:
        """Release the attempt, at once or after the time in which a new history may ask for it."""
        seconds = KEEP_LEFT_SEC if attempt.left else KEEP_SEC if self._holds(attempt.run_id) else 0
        if seconds:
            asyncio.get_running_loop().call_later(seconds, self._drop, attempt)
        else:
            self._drop(attempt)

    def hold(self, run_id: str) -> dict[str, HeldAttempt]:
        """Keep attempts of this run that end for a while; return those that run and those that are kept."""
        now = time.monotonic()
        self._held_until = {run: until for run, until in self._held_until.items() if until > now}
        self._held_until[run_id] = now + KEEP_SEC
        return {attempt.node: attempt.known for (run, _), attempt in self._attempts.items() if run == run_id}

    def _holds(self, run_id: str) -> bool:
        return self._held_until.get(run_id, 0.0) > time.monotonic()

    def _drop(self, attempt: "HeldCall") -> None:
        key = (attempt.run_id, attempt.node)
        if self._attempts.get(key) is attempt:
            del self._attempts[key]


class HeldCall:
    """One attempt of a node, whose task continues as long as some history of the run needs it.

    `stop` has the agent end, and is told why. `emission`: its text, which heartbeats bring to where it is read.
    """

    def __init__(
        self,
        attempts: HeldAttempts,
        known: HeldAttempt,
        run: Coroutine[Any, Any, AgentResult],
        stop: Stop,
        emission: Emission,
    ) -> None:
        info = activity.info()
        self.run_id = info.workflow_id or info.activity_id
        self.node = info.activity_id
        self.known = known
        self.left = False
        """Its history has ended, and no other one carries it on yet."""
        self._attempts = attempts
        self._stop = stop
        self._emission = emission
        self._execution = info.workflow_run_id
        self._limit = info.start_to_close_timeout
        self._ending = asyncio.create_task(run)
        attempts.add(self)

    async def run(self) -> AgentResult:
        """Await the end of the attempt, for the activity that began it."""
        beating = asyncio.create_task(beat(self._attempts, self._emission))
        watching: asyncio.Task[None] | None = None
        execution = self._execution
        try:
            while not self._ending.done():
                try:
                    await asyncio.wait({self._ending})
                except asyncio.CancelledError:
                    if await self._leaves(execution):
                        beating.cancel()
                        watching = asyncio.create_task(self._watch())
            return self._ending.result()
        finally:
            beating.cancel()
            if watching is not None:
                watching.cancel()
            self._attempts.ended(self)

    async def carry_on(self) -> AgentResult:
        """Await the end of the attempt, for an activity of a later history."""
        self.left, self._execution = False, activity.info().workflow_run_id
        execution = self._execution
        beating = asyncio.create_task(beat(self._attempts, self._emission))
        try:
            while not self._ending.done():
                try:
                    await asyncio.wait({self._ending})
                except asyncio.CancelledError:
                    if await self._leaves(execution):
                        return AgentResult()  # its history has ended, so nobody takes it
            return self._ending.result()
        except ApplicationError as error:
            raise _not_here(error) if error.type == WORKER_SHUTDOWN.code else error from None
        finally:
            beating.cancel()
            if self._ending.done():
                self._attempts.ended(self)

    async def _leaves(self, execution: str | None) -> bool:
        """Return whether an apparent cancel is the end of the history; any other reason stops the agent.

        `execution`: of the activity that asks. The next one may have come before it, or comes meanwhile.
        """
        details = activity.cancellation_details()
        ended = details is not None and details.not_found and not self._is_late()
        if ended and (await self._goes_on(execution) or self._execution != execution):
            self.left = self._execution == execution
            return True
        self._stop(details)
        return False

    async def _watch(self) -> None:
        """Stop the agent when its time is over, when no history needs it, or when its worker stops: the SDK, which
        regards its activity as cancelled, does not.
        """
        stopping = asyncio.create_task(activity.wait_for_worker_shutdown())
        try:
            while not stopping.done():
                await asyncio.wait({stopping}, timeout=self._until_next_look())
                if self._is_late():
                    return self._stop(ActivityCancellationDetails(timed_out=True))
                execution = self._execution
                if self.left and not await self._goes_on(execution) and self._execution == execution:
                    return self._stop(ActivityCancellationDetails(not_found=True))
            await asyncio.sleep(self._attempts.grace_sec)
            return self._stop(ActivityCancellationDetails(worker_shutdown=True))
        finally:
            stopping.cancel()

    def _until_next_look(self) -> float:
        if self._limit is None:
            return RUN_LOOK_SEC
        left = self.known.started_at + self._limit - datetime.now(UTC)
        return min(RUN_LOOK_SEC, max(0.0, left.total_seconds()))

    def _is_late(self) -> bool:
        return self._limit is not None and datetime.now(UTC) >= self.known.started_at + self._limit

    async def _goes_on(self, execution: str | None) -> bool:
        """Return whether the run has a later history than this execution, in which no other worker runs the node.

        A server that does not answer says nothing of it.
        """
        handle = activity.client().get_workflow_handle(self.run_id)
        try:
            described = await handle.describe(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            return error.status is not RPCStatusCode.NOT_FOUND
        if described.status is not WorkflowExecutionStatus.RUNNING or described.run_id == execution:
            return False
        return not any(
            pending.activity_id == self.node
            and pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
            and pending.last_worker_identity != self._attempts.identity
            for pending in described.raw_description.pending_activities
        )


def hold_activity(attempts: HeldAttempts) -> Callable[[str], Awaitable[dict[str, HeldAttempt]]]:
    """Return the activity `wand.hold`, by which a run learns, before and after a continue-as-new, what this worker runs
    of it.
    """

    @activity.defn(name=ACTIVITY_HOLD)
    async def hold(run_id: str) -> dict[str, HeldAttempt]:
        return attempts.hold(run_id)

    return hold


async def beat(attempts: HeldAttempts, emission: Emission) -> None:
    """Send heartbeats, whose answers report a cancel; sooner when there is new text. The worker throttles them, and
    sends the newest.
    """
    attempt = activity.info().attempt
    await asyncio.sleep(FIRST_HEARTBEAT_SEC)
    while True:
        text = emission.so_far(attempts.text_bytes)
        activity.heartbeat(attempts.queue, attempt, *([] if text is None else [text]))
        await emission.grows(BEAT_SEC)
        if text is not None:
            await asyncio.sleep(TEXT_BEAT_SEC)


def _not_here(error: ApplicationError) -> ApplicationError:
    """Return the error for an attempt that does not run here: only this worker polls the queue, so another try is
    useless.
    """
    return ApplicationError(error.message, *error.details, type=error.type, non_retryable=True, category=error.category)
