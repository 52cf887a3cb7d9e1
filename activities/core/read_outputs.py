"""Reads the outputs of an ended run's nodes, for a run that retries it.

Nobody keeps them: a run lets go of an output when its last reader has it. They follow from Temporal's history by the
workflow's own code, so they are had by replaying it, control nodes and histories before a continue-as-new included.
Where the code cannot replay the history, because it is another release's, the results of activities are read from the
history itself; what control nodes had done is then done anew.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from temporalio import activity
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import (
    Interceptor,
    Replayer,
    UnsandboxedWorkflowRunner,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from wand_orchestrator.activities.core.failing import application_errors
from wand_orchestrator.activities.core.recorded_outputs import recorded_outputs
from wand_orchestrator.contract.names import (
    ACTIVITY_OUTPUTS,
    DONE_PREFIX,
    EXTERN_DONE,
    EXTERN_OUTPUT,
)
from wand_orchestrator.contract.run_terms import RetryOf
from wand_orchestrator.errors import Conflict


def outputs_activity(client: Client, workflows: Sequence[type]) -> Callable[[RetryOf], Awaitable[dict[str, Any]]]:
    """Return the activity `wand.outputs`; it fails, without a retry, when Temporal no longer has the history."""

    @activity.defn(name=ACTIVITY_OUTPUTS)
    async def outputs(retry_of: RetryOf) -> dict[str, Any]:
        recorded = OutputRecorder()
        with application_errors():
            histories = await _histories(client, retry_of.run_id)
        replayer = Replayer(
            workflows=workflows,
            data_converter=client.data_converter,
            workflow_runner=UnsandboxedWorkflowRunner(),
            interceptors=[recorded],
            namespace=client.namespace,
        )
        try:
            for history in histories:
                await replayer.replay_workflow(history)
        except Exception as error:  # of the workflow's code, whatever it raises over another release's history
            activity.logger.warning("the run %s cannot be replayed: %s", retry_of.run_id, error)
            return await recorded_outputs(histories, client.data_converter)
        return recorded.outputs | recorded.done()

    return outputs


class OutputRecorder(Interceptor):
    """Records the outputs that workflows pass out, and what unfinished control nodes had done."""

    def __init__(self) -> None:
        self.outputs: dict[str, Any] = {}
        self._begun: dict[str, Callable[[], Any]] = {}

    def done(self) -> dict[str, Any]:
        """Return what control nodes had done, by node with DONE_PREFIX."""
        said = {node: say() for node, say in self._begun.items() if node not in self.outputs}
        return {DONE_PREFIX + node: done for node, done in said.items() if done is not None}

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        externs: Mapping[str, Callable[..., Any]] = {
            EXTERN_OUTPUT: self.outputs.__setitem__,
            EXTERN_DONE: self._begun.__setitem__,
        }
        input.unsafe_extern_functions.update(externs)
        return None


async def _histories(client: Client, run_id: str) -> list[WorkflowHistory]:
    """Yield the histories of all executions of the run, the first one first."""
    histories: list[WorkflowHistory] = []
    execution: str | None = None
    try:
        while execution != "":
            history = await client.get_workflow_handle(run_id, run_id=execution).fetch_history()
            histories.append(history)
            execution = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise Conflict(
            f"Temporal no longer has the history of the run {run_id}, so its outputs are gone: start it anew",
            code="history_gone",
        ) from error
    return histories[::-1]
