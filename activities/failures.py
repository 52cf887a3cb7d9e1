"""What an attempt failed of, in the words of Temporal: the one place where errors become application errors.

    AgentError                     its code, retryable, delay and details
    any other exception            its class's name; retryable
    stopped by Temporal            see `interruption`; retryable, and not counted as a failure in metrics

The code is the application error's `type`. An error's message is the exception's own text and its stack trace is the
agent's, but what caused it stays out of the history: such texts hold URLs and values that nobody chose to show.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

from temporalio.activity import ActivityCancellationDetails, Info
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.bounds import bounded_json, bounded_text
from wand_orchestrator.contract import TOO_SLOW, FailureDetails
from wand_orchestrator.errors import AgentError, WandError
from wand_orchestrator.state import Failure

LONGEST_DELAY_SEC = 366 * 86_400.0


class StatedFailure(ApplicationError):
    """What an agent raised on purpose: operators need its words, and no stack trace in their log."""


@dataclass(frozen=True)
class AttemptFailure:
    """Why an attempt has no result. `retry_after`: until the next one, instead of the node's backoff."""

    code: str
    message: str
    retryable: bool = True
    retry_after: timedelta | None = None
    details: Any = None
    stated: bool = False
    expected: bool = False
    traceback: TracebackType | None = None

    @classmethod
    def of(cls, error: BaseException) -> "AttemptFailure":
        message = bounded_text(str(error) or type(error).__name__)
        if isinstance(error, AgentError):
            return cls(
                code=error.code,
                message=message,
                retryable=error.retryable,
                retry_after=_delay(error.retry_after),
                details=bounded_json(error.details),
                stated=True,
                traceback=error.__traceback__,
            )
        code = error.code if isinstance(error, WandError) else type(error).__name__
        return cls(code=code, message=message, traceback=error.__traceback__)

    def for_journal(self, node: str) -> Failure:
        return Failure(code=self.code, message=self.message, node=node, details=self.details)

    def for_temporal(self, known: FailureDetails) -> ApplicationError:
        """`known`: what there is to tell of the attempt itself."""
        kind = StatedFailure if self.stated else ApplicationError
        return kind(
            self.message,
            known.model_copy(update={"details": self.details}),
            type=self.code,
            non_retryable=not self.retryable,
            next_retry_delay=self.retry_after,
            category=ApplicationErrorCategory.BENIGN if self.expected else ApplicationErrorCategory.UNSPECIFIED,
        ).with_traceback(self.traceback)


WORKER_SHUTDOWN = AttemptFailure("worker_shutdown", "the worker that ran it was shut down", expected=True)
TIMEOUT = AttemptFailure("timeout", "the attempt took longer than it may", expected=True)
PAUSED = AttemptFailure("paused", "the node was paused", expected=True)
RESET = AttemptFailure("reset", "the node was reset", expected=True)
SLOW = AttemptFailure(TOO_SLOW, "it takes longer than a local activity may", retryable=False, expected=True)
LOST = AttemptFailure("worker_lost", "the worker that ran it no longer does", retryable=False, expected=True)
ABANDONED = AttemptFailure("abandoned", "the run no longer waits for this attempt", expected=True)


def interruption(details: ActivityCancellationDetails | None, info: Info, now: datetime) -> AttemptFailure | None:
    """Why Temporal stopped the attempt; None if the run is being cancelled.

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


def _delay(seconds: float | None) -> timedelta | None:
    """None, for the node's own backoff, where the agent gave no time that can be waited for."""
    if seconds is None or not seconds >= 0:
        return None
    return timedelta(seconds=min(seconds, LONGEST_DELAY_SEC))
