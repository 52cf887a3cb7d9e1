"""One activity of a run: its attempts, their time and their retries, as Temporal's server decides them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import temporalio.bridge.proto.workflow_activation as jobs_proto
from temporalio.activity import ActivityCancellationDetails
from temporalio.api.common.v1 import ActivityType
from temporalio.api.enums.v1.workflow_pb2 import RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED, RETRY_STATE_UNSPECIFIED
from temporalio.api.failure.v1 import ActivityFailureInfo, Failure
from temporalio.bridge.proto.activity_result import ActivityResolution, Cancellation, Success
from temporalio.bridge.proto.activity_result import Failure as FailedActivity
from temporalio.bridge.proto.workflow_commands import ScheduleActivity, ScheduleLocalActivity
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, CancelledError, TimeoutError, TimeoutType
from temporalio.testing import ActivityEnvironment

from wand_orchestrator.contract.codes import TIMED_OUT_TYPE
from wand_orchestrator.testing.in_memory.skipping_clock import SkippingClock
from wand_orchestrator.testing.in_memory.stepped_execution import CONVERTER, FAILURES, NAMESPACE, Execution, Job

Function = Callable[..., Awaitable[Any]]
Scheduled = ScheduleActivity | ScheduleLocalActivity
"""Both are carried out alike: here no other process would have to be asked."""


class ActivityInFlight:
    """Makes the attempts of an activity; `ended` is called with the job that tells its run of the end, `pauses` after
    an attempt that another one follows.

    `busy`: whether an attempt runs now; between two attempts none does, and the clock may skip.
    """

    def __init__(
        self,
        command: Scheduled,
        execution: Execution,
        function: Function,
        arguments: Sequence[Any],
        clock: SkippingClock,
        client: Any,
        ended: Callable[[Job], None],
        pauses: Callable[[], None],
    ) -> None:
        self._command = command
        self._execution = execution
        self._function = function
        self._arguments = arguments
        self._clock = clock
        self._client = client
        self._ended = ended
        self._pauses = pauses
        self._policy = RetryPolicy.from_proto(command.retry_policy)
        self._attempt = 0
        self._pause: int | None = None
        self._cancelled = False
        self._environment: ActivityEnvironment | None = None
        self.task: asyncio.Task[None] | None = None
        self._begin()

    @property
    def busy(self) -> bool:
        return self.task is not None

    def cancel(self) -> None:
        """Cancel the attempt, whose end is awaited, or the next one."""
        self._cancelled = True
        if self._pause is not None:
            self._clock.cancel(self._pause)
            self._resolve(ActivityResolution(cancelled=Cancellation(failure=self._failure(CancelledError()))))
        elif self._environment is not None:
            self._environment.cancel()

    def _begin(self) -> None:
        self._attempt += 1
        self._pause = None
        self.task = asyncio.ensure_future(self._make_attempt())

    async def _make_attempt(self) -> None:
        environment = self._environment = ActivityEnvironment(cast(Client, self._client))
        limit = self._command.start_to_close_timeout.ToTimedelta()
        environment.info = self._info(limit)
        environment.payload_converter = CONVERTER
        late = False

        def end_late() -> None:
            nonlocal late
            late = True
            environment.cancel(ActivityCancellationDetails(timed_out=True))

        timer = asyncio.get_running_loop().call_later(limit.total_seconds(), end_late) if limit else None
        error: BaseException | None = None
        result: Any = None
        try:
            result = await environment.run(self._function, *self._arguments)
        except (Exception, asyncio.CancelledError) as raised:
            error = raised
        finally:
            if timer is not None:
                timer.cancel()
            self._environment = self.task = None
        if late:
            message = "activity StartToClose timeout"
            error = TimeoutError(message, type=TimeoutType.START_TO_CLOSE, last_heartbeat_details=[])
        self._end_attempt(result, error)

    def _end_attempt(self, result: Any, error: BaseException | None) -> None:
        if error is None:
            [payload] = CONVERTER.to_payloads([result])
            self._resolve(ActivityResolution(completed=Success(result=payload)))
        elif self._cancelled:
            self._resolve(ActivityResolution(cancelled=Cancellation(failure=self._failure(CancelledError()))))
        elif (pause := self._pause_after(error)) is not None:
            self._pause = self._clock.call_after(pause, self._begin)
            self._pauses()
        else:
            self._resolve(ActivityResolution(failed=FailedActivity(failure=self._failure(error))))

    def _pause_after(self, error: BaseException) -> timedelta | None:
        """Return the time until the next attempt; None if there is none."""
        kind = error.type if isinstance(error, ApplicationError) else TIMED_OUT_TYPE
        never = self._policy.non_retryable_error_types or ()
        if kind in never or (isinstance(error, ApplicationError) and error.non_retryable):
            return None
        if self._policy.maximum_attempts and self._attempt >= self._policy.maximum_attempts:
            return None
        if isinstance(error, ApplicationError) and error.next_retry_delay is not None:
            return error.next_retry_delay
        pause = self._policy.initial_interval.total_seconds() * self._policy.backoff_coefficient ** (self._attempt - 1)
        longest = self._policy.maximum_interval
        return timedelta(seconds=pause if longest is None else min(pause, longest.total_seconds()))

    def _failure(self, cause: BaseException) -> Failure:
        used_up = self._policy.maximum_attempts and self._attempt >= self._policy.maximum_attempts
        info = ActivityFailureInfo(
            activity_type=ActivityType(name=self._command.activity_type),
            activity_id=self._command.activity_id,
            retry_state=RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED if used_up else RETRY_STATE_UNSPECIFIED,
        )
        failure = Failure(message="Activity task failed", activity_failure_info=info)
        FAILURES.to_failure(cause, CONVERTER, failure.cause)
        return failure

    def _resolve(self, result: ActivityResolution) -> None:
        self._ended(Job(resolve_activity=jobs_proto.ResolveActivity(seq=self._command.seq, result=result)))

    def _info(self, limit: timedelta) -> Any:
        now = self._clock.now()
        return replace(
            ActivityEnvironment.default_info(),
            activity_id=self._command.activity_id,
            activity_type=self._command.activity_type,
            attempt=self._attempt,
            current_attempt_scheduled_time=now,
            scheduled_time=now,
            started_time=now,
            start_to_close_timeout=limit or None,
            schedule_to_close_timeout=None,
            namespace=NAMESPACE,
            workflow_namespace=NAMESPACE,
            workflow_id=self._execution.id,
            workflow_run_id=self._execution.id,
            retry_policy=self._policy,
        )
