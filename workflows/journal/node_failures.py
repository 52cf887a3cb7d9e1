"""Translates errors of activities into Wand's failures."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from temporalio import workflow
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    ChildWorkflowError,
    RetryState,
    TerminatedError,
    TimeoutError,
    TimeoutType,
)

from wand_orchestrator.contract.bounds import bounded_text
from wand_orchestrator.contract.codes import (
    CHILD_CANCELLED,
    CHILD_TERMINATED,
    TIMED_OUT,
    WORKER_LOST,
    WORKER_SHUTDOWN,
)
from wand_orchestrator.contract.node import (
    FailureDetails,
)
from wand_orchestrator.contract.state import Failure
from wand_orchestrator.graph import Node, Options
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES
from wand_orchestrator.graphs.retries import retries_of
from wand_orchestrator.workflows.arrivals.bounded_reports import code_of
from wand_orchestrator.workflows.arrivals.failure_details import details_of, states_attempt

_TIMEOUTS = {
    TimeoutType.START_TO_CLOSE: (TIMED_OUT, "the attempt took longer than its {timeout:g} s"),
    TimeoutType.HEARTBEAT: (WORKER_LOST, "the worker that ran it fell silent"),
    TimeoutType.SCHEDULE_TO_CLOSE: ("node_timeout", "all its attempts together took too long"),
    TimeoutType.SCHEDULE_TO_START: ("node_timeout", "no worker took it in time"),
}


_MISSING = {("NotFoundError", "Activity function"), ("NotFoundError", "Activity is")}

_CHILD_ENDINGS: dict[type[BaseException], tuple[str, str]] = {
    CancelledError: (CHILD_CANCELLED, "its child run was cancelled"),
    TerminatedError: (CHILD_TERMINATED, "its child run was terminated"),
}


@dataclass(frozen=True)
class NodeFailure:
    """A node's failure, with what its last attempt reported of itself."""

    failure: Failure
    details: FailureDetails
    attempt: int | None = None

    @classmethod
    def of(cls, node: Node, code: str, message: str) -> "NodeFailure":
        """Return the failure of a node that has not run."""
        return cls(Failure(code=code, message=message, node=node.id), FailureDetails())


def node_failure(node: Node, options: Options, error: BaseException, earlier_attempts: int = 0) -> NodeFailure:
    """Return the failure for the error of an activity, a child run or a control node; `attempt` is None if unknown.

    `earlier_attempts`: made as other activities, beyond the node's own retries.
    """
    failed = _told_failure(node, options, error, earlier_attempts)
    if node.type in CONTROL_NODES and not isinstance(error, ChildWorkflowError):
        # Attempts, reports and times are those of the part that failed, whose own event has told them.
        return NodeFailure(failed.failure, FailureDetails())
    return failed


def _told_failure(node: Node, options: Options, error: BaseException, earlier_attempts: int) -> NodeFailure:
    cause = (error.cause if isinstance(error, ActivityError | ChildWorkflowError) else None) or error
    if isinstance(cause, ApplicationError) and _is_missing(cause):
        return NodeFailure.of(node, "agent_missing", _missing(node))
    if isinstance(cause, ApplicationError):
        details = details_of(cause)
        # A local activity's error comes by itself, as a control node's own does, which says nothing of attempts.
        told = cause.details and (cause is not error or states_attempt(cause))
        attempt = details.attempt if told else _attempts(node, options, error, earlier_attempts)
        failure = Failure(
            code=code_of(cause.type),
            message=bounded_text(cause.message),
            node=node.id,
            details=details.details,
            worker=details.worker,
            exception=details.exception,
        )
        return NodeFailure(failure, details, attempt)
    if isinstance(cause, TimeoutError) and cause.type is not None:
        code, message = _TIMEOUTS[cause.type]
        timeout = node.timeout_sec or options.default_timeout_sec
        failure = Failure(code=code, message=message.format(timeout=timeout), node=node.id)
        return NodeFailure(failure, FailureDetails(), _attempts(node, options, error, earlier_attempts))
    if isinstance(error, ChildWorkflowError) and (ending := _CHILD_ENDINGS.get(type(cause))) is not None:
        code, message = ending
        return NodeFailure(Failure(code=code, message=message, node=node.id), FailureDetails())
    failure = Failure(code=type(cause).__name__, message=str(cause), node=node.id)
    return NodeFailure(failure, FailureDetails(), _attempts(node, options, error, earlier_attempts))


def _is_missing(cause: ApplicationError) -> bool:
    """Return whether the SDK of a worker (Python, TypeScript or .NET, Go) reports that it has no such activity."""
    return (cause.type, " ".join(cause.message.split()[:2])) in _MISSING or cause.type == "ActivityNotRegisteredError"


def _missing(node: Node) -> str:
    queue = node.queue or workflow.info().task_queue
    return f"a worker of the task queue {queue} has no agent {node.type}: load it there, or give the node another queue"


def _attempts(node: Node, options: Options, error: BaseException, earlier: int) -> int | None:
    """Return the number of attempts, if the reason for making no further one implies it."""
    if isinstance(error, ActivityError) and error.retry_state is RetryState.MAXIMUM_ATTEMPTS_REACHED:
        return earlier + 1 + retries_of(node, options)
    return None


MAX_WORKER_LOSSES = 5
"""Deaths of its worker, beyond its own retries, after which a node is taken to be their cause."""

MAX_WORKER_SHUTDOWNS = 100
"""Stops of its worker, after which a node is taken to cause them, or to claim them: the code is one that anybody may
fail with."""


class Losses:
    """Counts attempts that ended with their workers. `before`: what `carry` returned in the previous history."""

    def __init__(self, before: Mapping[str, dict[str, int]] = MappingProxyType({})) -> None:
        self._losses = dict(before.get("losses", {}))
        self._shutdowns = dict(before.get("shutdowns", {}))

    def carry(self) -> dict[str, dict[str, int]]:
        return {"losses": self._losses, "shutdowns": self._shutdowns}

    def is_given_again(self, node: str, failed: NodeFailure) -> bool:
        """Return whether the node is tried again because its worker was lost. Silent losses are limited: a node may
        take every worker down with it.
        """
        if failed.failure.code == WORKER_SHUTDOWN:
            self._shutdowns[node] = self._shutdowns.get(node, 0) + 1
            return self._shutdowns[node] <= MAX_WORKER_SHUTDOWNS
        if failed.failure.code != WORKER_LOST:
            return False
        self._losses[node] = self._losses.get(node, 0) + 1
        return self._losses[node] <= MAX_WORKER_LOSSES
