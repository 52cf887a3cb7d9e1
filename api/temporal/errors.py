"""What Temporal's answers about an execution mean, in Wand's own errors."""

from temporalio.service import RPCError, RPCStatusCode

from wand_orchestrator.api.temporal.call import first_line
from wand_orchestrator.errors import NotFound, Unavailable, WandError


class ExecutionClosed(WandError):
    """The execution has ended, so its journal is in the archive, or has to be brought there."""

    code = "run_ended"
    status = 409


class QueryFailed(WandError):
    """The worker could not answer: the workflow never came to begin, or cannot be replayed."""

    code = "query_failed"


class UpdateRefused(WandError):
    """The workflow does not do it; `reason` is the code of its refusal."""

    code = "update_refused"
    status = 409

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class TaskFailed(WandError):
    """The workflow task failed, as it does when something happens while it is being done; it is done anew."""

    code = "task_failed"


class WorkflowFails(Unavailable):
    """The code of the workflow fails in its current task, so it answers nothing. Where it is closed it never will."""


class StartRefused(WandError):
    """Temporal will never accept this run."""

    code = "start_refused"
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
