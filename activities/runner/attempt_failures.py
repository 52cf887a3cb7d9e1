"""Translates the failure of an attempt into an application error of Temporal.

    AgentError                     its code, retryable, delay and details
    any other exception            its class's name; retryable
    stopped by Temporal            see `interruption`; retryable, and not counted as a failure in metrics

The code is the application error's `type`, its stack trace is the agent's. The exception's type, its causes and the
lines of the agent's code are in the details: see `activities/runner/exception_report.py` for what of them may be kept.
Errors of Wand's own activities are mapped in `activities/core/failing.py`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio.activity import ActivityCancellationDetails, Info
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from wand_orchestrator.activities.runner.exception_report import ErrorReport, describe, traceback_of_agent
from wand_orchestrator.activities.runner.traces import PortableTraceback
from wand_orchestrator.contract import codes
from wand_orchestrator.contract.masking import Mask
from wand_orchestrator.contract.node import (
    FailureDetails,
)
from wand_orchestrator.contract.state import Failure, Raised
from wand_orchestrator.errors import InternalError


class AttemptError(ApplicationError):
    """The application error of an attempt, with details for the log that the history does not get.

    `stated`: the agent raised it on purpose, so that operators need its words and no stack trace.
    """

    stated = False
    trace = ""


@dataclass(frozen=True)
class AttemptFailure:
    """Why an attempt has no result. `retry_after`: the pause before the next one, in place of the node's backoff.

    `trace` is the whole traceback as text, `traceback` the agent's if it was raised in this process.
    """

    code: str
    message: str
    retryable: bool = True
    retry_after: timedelta | None = None
    details: Any = None
    stated: bool = False
    expected: bool = False
    raised: Raised | None = None
    trace: str = ""
    traceback: PortableTraceback = None

    @classmethod
    def of(cls, error: BaseException, mask: Mask | None = None) -> "AttemptFailure":
        if isinstance(error, HostedFailure):
            return error.failure
        return cls.told(describe(error, mask), traceback_of_agent(error))

    @classmethod
    def told(cls, report: ErrorReport, traceback: PortableTraceback = None) -> "AttemptFailure":
        """Return the failure for a report, which may come from another process."""
        return cls(
            code=report.code,
            message=report.message,
            retryable=report.retryable,
            retry_after=None if report.retry_after is None else timedelta(seconds=report.retry_after),
            details=report.details,
            stated=report.stated,
            raised=report.raised,
            trace=report.traceback,
            traceback=traceback,
        )

    def for_journal(self, node: str, worker: str | None = None) -> Failure:
        return Failure(
            code=self.code,
            message=self.message,
            node=node,
            details=self.details,
            worker=worker,
            exception=self.raised,
        )

    def for_temporal(self, known: FailureDetails) -> AttemptError:
        """Return the application error. `known`: attempt, worker and times."""
        error = AttemptError(
            self.message,
            known.model_copy(update={"details": self.details, "exception": self.raised}),
            type=self.code,
            non_retryable=not self.retryable,
            next_retry_delay=self.retry_after,
            category=ApplicationErrorCategory.BENIGN if self.expected else ApplicationErrorCategory.UNSPECIFIED,
        )
        error.stated, error.trace = self.stated, self.trace
        return error.with_traceback(self.traceback)


class HostedFailure(InternalError):
    """An agent's failure in the agent host, or that of the host itself."""

    def __init__(self, failure: AttemptFailure) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.__traceback__ = failure.traceback


WORKER_SHUTDOWN = AttemptFailure(codes.WORKER_SHUTDOWN, "the worker that ran it was shut down", expected=True)
TIMEOUT = AttemptFailure(codes.TIMED_OUT, "the attempt took longer than it may", expected=True)
PAUSED = AttemptFailure("paused", "the node was paused", expected=True)
RESET = AttemptFailure("reset", "the node was reset", expected=True)
SLOW = AttemptFailure(codes.TOO_SLOW, "it takes longer than a local activity may", retryable=False, expected=True)
LOST = AttemptFailure(codes.WORKER_LOST, "the worker that ran it no longer does", retryable=False, expected=True)
ABANDONED = AttemptFailure("abandoned", "the run no longer waits for this attempt", expected=True)


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
