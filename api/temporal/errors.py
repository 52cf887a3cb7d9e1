"""Translates Temporal's answers about an execution into Wand's errors."""

from temporalio.service import RPCError, RPCStatusCode

from wand_orchestrator.api.temporal.call import first_line
from wand_orchestrator.contract.codes import START_REFUSED
from wand_orchestrator.errors import NotFound, Unavailable, WandError


class ExecutionClosed(WandError):
    """The execution has ended: its journal is in the archive, or is to be written to it."""

    code = "run_ended"
    status = 409


class QueryFailed(WandError):
    """The worker could not answer: the workflow has not begun, or cannot be replayed."""

    code = "query_failed"


class UpdateRefused(WandError):
    """The workflow refused the update; `reason` is the code of its refusal."""

    code = "update_refused"
    status = 409

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class TaskFailed(WandError):
    """The workflow task failed, as when something happens during it; the server repeats it."""

    code = "task_failed"


class WorkflowFails(Unavailable):
    """The workflow's code fails in its current task, so that it cannot answer; if it is closed, it never will."""


class StartRefused(WandError):
    """Temporal will never accept this run."""

    code = START_REFUSED
    status = 422


class AttributesMissing(WandError):
    """The namespace does not know Wand's search attributes."""

    code = "search_attributes_missing"


def meaning(error: RPCError) -> WandError:
    reason = first_line(error.message)
    match error.status:
        case RPCStatusCode.NOT_FOUND if "namespace" not in reason.lower():
            return NotFound(f"Temporal knows no such run: {reason}", code="run_not_found")
        case RPCStatusCode.INVALID_ARGUMENT if "search attribute" in reason.lower():
            return AttributesMissing(reason)
        case RPCStatusCode.RESOURCE_EXHAUSTED if "larger than max" in reason:
            return StartRefused(f"the graph and its input are too large for Temporal: {reason}")
        case RPCStatusCode.INVALID_ARGUMENT:
            return StartRefused(f"Temporal refuses it: {reason}")
        case RPCStatusCode.FAILED_PRECONDITION if "workflow task fail" in reason:
            return TaskFailed(reason)
        case RPCStatusCode.FAILED_PRECONDITION if "in failed state" in reason:
            return WorkflowFails("worker", f"the workflow of the run fails and answers nothing: {reason}")
        case RPCStatusCode.FAILED_PRECONDITION:
            return Unavailable("worker", f"no worker answers for the run: {reason}")
        case _:
            return Unavailable("temporal", f"Temporal does not answer: {reason}")
