"""Translates the failure of an attempt into an application error of Temporal, and what Temporal says into a failure.

The code is the application error's `type`, its stack trace is the agent's, and the rest is in its details. An attempt
that Temporal stopped is not counted as a failure in metrics. Errors of Wand's own activities are mapped in
`activities/core/failing.py`.
"""

from datetime import datetime

from temporalio.activity import ActivityCancellationDetails, Info
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from wand_orchestrator.activities.runner.attempt_failures import (
    ABANDONED,
    PAUSED,
    RESET,
    TIMEOUT,
    WORKER_SHUTDOWN,
    AttemptFailure,
)
from wand_orchestrator.contract.node import FailureDetails


class AttemptError(ApplicationError):
    """The application error of an attempt, with details for the log that the history does not get.

    `stated`: the agent raised it on purpose, so that operators need its words and no stack trace.
    """

    stated = False
    trace = ""


def temporal_error(failure: AttemptFailure, known: FailureDetails) -> AttemptError:
    """Return the application error. `known`: attempt, worker and times."""
    error = AttemptError(
        failure.message,
        known.model_copy(update={"details": failure.details, "exception": failure.raised}),
        type=failure.code,
        non_retryable=not failure.retryable,
        next_retry_delay=failure.retry_after,
        category=ApplicationErrorCategory.BENIGN if failure.expected else ApplicationErrorCategory.UNSPECIFIED,
    )
    error.stated, error.trace = failure.stated, failure.trace
    return error.with_traceback(failure.traceback)


def interruption(details: ActivityCancellationDetails | None, info: Info, now: datetime) -> AttemptFailure | None:
    """Return why Temporal stopped the attempt; None if the run is being cancelled.

    A server that has timed an attempt out no longer knows it, and may say no more than that.
    """
    if details is None or details.cancel_requested:
        return None
    limit = info.start_to_close_timeout
    if details.timed_out or (details.not_found and limit is not None and now >= info.started_time + limit):
        return TIMEOUT
    if details.worker_shutdown:
        return WORKER_SHUTDOWN
    if details.paused:
        return PAUSED
    return RESET if details.reset else ABANDONED
