"""Carries out runs in this process: hands out jobs, takes commands, and skips the time in which nothing happens."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import temporalio.bridge.proto.workflow_activation as jobs_proto
from temporalio.api.common.v1 import Payload, WorkflowExecution, WorkflowType
from temporalio.api.failure.v1 import ChildWorkflowExecutionFailureInfo, Failure
from temporalio.bridge.proto.activity_result import ActivityResolution
from temporalio.bridge.proto.activity_result import Failure as FailedActivity
from temporalio.bridge.proto.child_workflow import Cancellation as CancelledChild
from temporalio.bridge.proto.child_workflow import ChildWorkflowResult, StartChildWorkflowExecutionFailedCause
from temporalio.bridge.proto.child_workflow import Failure as FailedChild
from temporalio.bridge.proto.child_workflow import Success as ChildSuccess
from temporalio.bridge.proto.workflow_commands import (
    ScheduleLocalActivity,
    StartChildWorkflowExecution,
    WorkflowCommand,
)
from temporalio.exceptions import ApplicationError

from wand_orchestrator.contract.names import WORKFLOW_GRAPH_RUN
from wand_orchestrator.errors import WandError
from wand_orchestrator.testing.in_memory.activity_in_flight import ActivityInFlight, Scheduled
from wand_orchestrator.testing.in_memory.skipping_clock import SkippingClock
from wand_orchestrator.testing.in_memory.stepped_execution import (
    CONVERTER,
    FAILURES,
    NAMESPACE,
    Execution,
    Job,
    ParentExecution,
    WorkflowBroke,
)

ALREADY_EXISTS = (
    StartChildWorkflowExecutionFailedCause.START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS
)


MISSING = "NotFoundError"
"""The type of the error with which the SDK's worker fails an activity that it does not have."""


class RunStuck(WandError):
    """The run waits for something that the test does not give."""

    code = "run_stuck"


class AnswerRefused(WandError):
    """The run refused what was sent to it."""

    code = "answer_refused"


class FoundActivities(Protocol):
    """What activities there are. `PASSIVE`: those that never end by themselves, for which the clock does not wait."""

    def find(self, name: str) -> tuple[Callable[..., Awaitable[Any]], type | None] | None:
        """Return an activity and the type of its argument, None where it takes it undecoded; None if there is none."""

    def is_passive(self, name: str) -> bool: ...


class InMemoryTemporal:
    """Carries out runs until they end. `people` is called when nothing happens by itself, and returns whether it has
    sent something. `externs`: extern functions of the workflow.
    """

    def __init__(
        self, activities: FoundActivities, people: Callable[[], bool], externs: Mapping[str, Callable[..., Any]]
    ) -> None:
        self._activities = activities
        self._people = people
        self._externs = externs
        self.clock = SkippingClock()
        self.executions: dict[str, Execution] = {}
        self._in_flight: dict[tuple[str, int], ActivityInFlight] = {}
        self._timers: dict[tuple[str, int], int] = {}
        self._changed = asyncio.Event()
        self._updates = 0

    def start(
        self,
        id: str,
        arguments: Sequence[Payload],
        parent: ParentExecution | None = None,
        memo: Mapping[str, Payload] | None = None,
    ) -> Execution:
        execution = Execution(id, arguments, self.clock.now(), self._externs, parent, memo)
        self.executions[id] = execution
        return execution

    async def finish(self, execution: Execution) -> None:
        """Carry everything out until this run has ended. Raises RunStuck, WorkflowBroke, AnswerRefused."""
        while not execution.ended:
            waiting = [each for each in self.executions.values() if each.jobs and not each.ended]
            if waiting:
                for each in waiting:
                    await self._step(each)
            elif not self.clock.call_due():
                await self._wait()

    async def close(self) -> None:
        """Cancel what is still in flight, and await its end."""
        tasks = [each.task for each in self._in_flight.values() if each.task is not None]
        for each in tuple(self._in_flight.values()):
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for execution in self.executions.values():
            await asyncio.to_thread(execution.evict, self.clock.now())

    def signal(self, id: str, name: str, arguments: Sequence[Any]) -> None:
        """Send a signal to a run; one that has ended takes none."""
        self._tell(id, _signal(name, CONVERTER.to_payloads(arguments)))

    def update(self, id: str, name: str, argument: Any) -> None:
        """Send an update to a run. If the run refuses it, `finish` raises AnswerRefused."""
        self._updates += 1
        job = jobs_proto.DoUpdate(
            id=str(self._updates),
            protocol_instance_id=str(self._updates),
            name=name,
            input=CONVERTER.to_payloads([argument]),
            run_validator=True,
        )
        self._tell(id, Job(do_update=job))

    def get_workflow_handle(self, id: str) -> "SignalHandle":
        """Return the handle by which an activity signals its run; it takes the place of a client."""
        return SignalHandle(self, id)

    def _tell(self, id: str, job: Job) -> bool:
        execution = self.executions.get(id)
        if execution is None or execution.ended:
            return False
        execution.jobs.append(job)
        self._changed.set()
        return True

    async def _wait(self) -> None:
        """Wait for what is in flight; where nothing is, ask people, and then skip the time until the next timer."""
        if any(each.busy for each in self._in_flight.values()):
            pause = self.clock.next_in()
            try:
                await asyncio.wait_for(self._changed.wait(), None if pause is None else pause.total_seconds())
            except TimeoutError:
                return
            self._changed.clear()
        elif not self._people() and not self.clock.skip():
            raise RunStuck("nothing in the run goes on by itself")

    async def _step(self, execution: Execution) -> None:
        # In a thread, as a worker does it: the workflow has an event loop of its own.
        commands = await asyncio.to_thread(execution.step, self.clock.now())
        for command in commands:
            self._carry_out(execution, command)

    def _carry_out(self, execution: Execution, command: WorkflowCommand) -> None:
        kind = command.WhichOneof("variant")
        if kind is None or kind in _UNTOLD:
            return
        carry_out = getattr(self, f"_{kind}", None)
        if carry_out is None:
            raise WorkflowBroke(f"a test of a graph cannot carry out {kind!r}")
        carry_out(execution, getattr(command, kind))

    # Commands, by their names in the SDK

    def _start_timer(self, execution: Execution, command: Any) -> None:
        key = execution.id, command.seq
        job = Job(fire_timer=jobs_proto.FireTimer(seq=command.seq))
        pause = command.start_to_fire_timeout.ToTimedelta()
        self._timers[key] = self.clock.call_after(pause, lambda: self._fire(execution, key, job))

    def _fire(self, execution: Execution, key: tuple[str, int], job: Job) -> None:
        del self._timers[key]
        self._tell(execution.id, job)

    def _cancel_timer(self, execution: Execution, command: Any) -> None:
        if (number := self._timers.pop((execution.id, command.seq), None)) is not None:
            self.clock.cancel(number)

    def _schedule_local_activity(self, execution: Execution, command: ScheduleLocalActivity) -> None:
        self._schedule_activity(execution, command)

    def _schedule_activity(self, execution: Execution, command: Scheduled) -> None:
        found = self._activities.find(command.activity_type)
        if found is None:
            self._tell(execution.id, _missing(command))
        elif not self._activities.is_passive(command.activity_type):
            function, kind = found
            arguments = CONVERTER.from_payloads(command.arguments, None if kind is None else [kind])
            key = execution.id, command.seq
            self._in_flight[key] = ActivityInFlight(
                command,
                execution,
                function,
                arguments,
                self.clock,
                self,
                ended=lambda job: self._activity_ended(key, job),
                pauses=self._changed.set,
            )

    def _activity_ended(self, key: tuple[str, int], job: Job) -> None:
        self._in_flight.pop(key, None)
        self._tell(key[0], job)

    def _request_cancel_activity(self, execution: Execution, command: Any) -> None:
        if (activity := self._in_flight.get((execution.id, command.seq))) is not None:
            activity.cancel()

    def _request_cancel_local_activity(self, execution: Execution, command: Any) -> None:
        self._request_cancel_activity(execution, command)

    def _start_child_workflow_execution(self, execution: Execution, command: StartChildWorkflowExecution) -> None:
        started = jobs_proto.ResolveChildWorkflowExecutionStart(seq=command.seq)
        if command.workflow_id in self.executions:
            started.failed.workflow_id, started.failed.workflow_type = command.workflow_id, command.workflow_type
            started.failed.cause = ALREADY_EXISTS
        else:
            parent = ParentExecution(execution, command.seq)
            self.start(command.workflow_id, command.input, parent, command.memo)
            started.succeeded.run_id = command.workflow_id
        self._tell(execution.id, Job(resolve_child_workflow_execution_start=started))

    def _cancel_child_workflow_execution(self, execution: Execution, command: Any) -> None:
        for child in self.executions.values():
            if child.parent is not None and child.parent == ParentExecution(execution, command.child_workflow_seq):
                self._tell(child.id, Job(cancel_workflow=jobs_proto.CancelWorkflow()))

    def _signal_external_workflow_execution(self, execution: Execution, command: Any) -> None:
        target = command.child_workflow_id or command.workflow_execution.workflow_id
        resolved = jobs_proto.ResolveSignalExternalWorkflow(seq=command.seq)
        if not self._tell(target, _signal(command.signal_name, command.args)):
            FAILURES.to_failure(ApplicationError(f"the run {target} has ended"), CONVERTER, resolved.failure)
        self._tell(execution.id, Job(resolve_signal_external_workflow=resolved))

    def _request_cancel_external_workflow_execution(self, execution: Execution, command: Any) -> None:
        self._tell(command.workflow_execution.workflow_id, Job(cancel_workflow=jobs_proto.CancelWorkflow()))
        resolved = jobs_proto.ResolveRequestCancelExternalWorkflow(seq=command.seq)
        self._tell(execution.id, Job(resolve_request_cancel_external_workflow=resolved))

    def _update_response(self, execution: Execution, command: Any) -> None:
        if command.HasField("rejected"):
            raise AnswerRefused(command.rejected.message)

    def _complete_workflow_execution(self, execution: Execution, command: Any) -> None:
        execution.result = command.result
        self._end(execution, ChildWorkflowResult(completed=ChildSuccess(result=command.result)))

    def _fail_workflow_execution(self, execution: Execution, command: Any) -> None:
        failure = _child_failure(execution, command.failure)
        self._end(execution, ChildWorkflowResult(failed=FailedChild(failure=failure)))

    def _cancel_workflow_execution(self, execution: Execution, command: Any) -> None:
        cause = Failure(message="Workflow cancelled")
        cause.canceled_failure_info.SetInParent()
        failure = _child_failure(execution, cause)
        self._end(execution, ChildWorkflowResult(cancelled=CancelledChild(failure=failure)))

    def _end(self, execution: Execution, result: ChildWorkflowResult) -> None:
        execution.ended = True
        for key in [key for key in self._timers if key[0] == execution.id]:
            self.clock.cancel(self._timers.pop(key))
        if execution.parent is not None:
            job = jobs_proto.ResolveChildWorkflowExecution(seq=execution.parent.seq, result=result)
            self._tell(execution.parent.execution.id, Job(resolve_child_workflow_execution=job))


_UNTOLD = frozenset({"set_patch_marker", "upsert_workflow_search_attributes", "modify_workflow_properties"})
"""Commands whose effect only Temporal's own views show."""


class SignalHandle:
    def __init__(self, temporal: InMemoryTemporal, id: str) -> None:
        self._temporal = temporal
        self._id = id

    async def signal(self, name: str, argument: Any, **_: Any) -> None:
        self._temporal.signal(self._id, name, [argument])


def _signal(name: str, input: Sequence[Payload]) -> Job:
    # The SDK wants to know the event of a signal, and makes nothing of its number.
    return Job(signal_workflow=jobs_proto.SignalWorkflow(signal_name=name, input=input, originating_event_id=1))


def _missing(command: Scheduled) -> Job:
    """Return the end of an activity that no worker has, in the words of the SDK."""
    message = f"Activity function {command.activity_type} is not registered"
    failure = Failure(message="Activity task failed")
    failure.activity_failure_info.activity_id = command.activity_id
    FAILURES.to_failure(ApplicationError(message, type=MISSING), CONVERTER, failure.cause)
    result = ActivityResolution(failed=FailedActivity(failure=failure))
    return Job(resolve_activity=jobs_proto.ResolveActivity(seq=command.seq, result=result))


def _child_failure(child: Execution, cause: Failure) -> Failure:
    info = ChildWorkflowExecutionFailureInfo(
        namespace=NAMESPACE,
        workflow_execution=WorkflowExecution(workflow_id=child.id, run_id=child.id),
        workflow_type=WorkflowType(name=WORKFLOW_GRAPH_RUN),
    )
    failure = Failure(message="Child Workflow execution failed", child_workflow_execution_failure_info=info)
    failure.cause.CopyFrom(cause)
    return failure
