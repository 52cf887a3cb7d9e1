"""Why an attempt has no result.

    AgentError                     its code, retryable, delay and details
    any other exception            its class's name; retryable
    stopped by Temporal            see `temporal_errors.interruption`; retryable

The exception's type, its causes and the lines of the agent's code are told besides: see
`activities/runner/exception_report.py` for what of them may be kept. The agent host imports this module, and nothing of
Temporal; `activities/runner/temporal_errors.py` makes Temporal's errors of these failures.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from wand_orchestrator.activities.runner.exception_report import ErrorReport, describe, traceback_of_agent
from wand_orchestrator.activities.runner.traces import PortableTraceback
from wand_orchestrator.contract import codes
from wand_orchestrator.contract.masking import Mask
from wand_orchestrator.contract.state import Failure, Raised
from wand_orchestrator.errors import InternalError


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
