"""One run of a graph: an instance of the workflow `GraphRun` in Temporal's own SDK, fed step by step.

The SDK gives each workflow an event loop of its own, which takes jobs and returns commands. A worker passes these
between the SDK's core and the instance; here `InMemoryTemporal` is the core.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import temporalio.bridge.proto.workflow_activation as jobs_proto
from temporalio import workflow
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.common import Priority, TypedSearchAttributes
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstanceDetails

from wand_orchestrator.contract.names import DEFAULT_TASK_QUEUE, WORKFLOW_GRAPH_RUN
from wand_orchestrator.errors import InternalError
from wand_orchestrator.temporal.connection import DATA_CONVERTER
from wand_orchestrator.workflows.graph_run import GraphRun

Job = jobs_proto.WorkflowActivationJob
NAMESPACE = "in-memory"
TASK_TIMEOUT = timedelta(seconds=10)
SEED = 7
"""Of the workflow's random numbers, which name child runs: the same test has the same names."""

CONVERTER = DATA_CONVERTER.payload_converter_class()
FAILURES = DATA_CONVERTER.failure_converter_class()


OF_THE_SDK = {"__temporal_assert_local_activity_valid": lambda _: None}
"""What a worker of the SDK gives its workflows; the activities of a test are looked up when they start."""


class WorkflowBroke(InternalError):
    """The workflow's own code raised, which is a fault of Wand and not of the graph."""


@dataclass(frozen=True)
class ParentExecution:
    """The run that a child run is a part of. `seq`: of the command that started it."""

    execution: "Execution"
    seq: int


class Execution:
    """Takes jobs, and returns the commands of the workflow. `arguments`: those of the workflow, encoded. `result`: of a
    run that succeeded.
    """

    def __init__(
        self,
        id: str,
        arguments: Sequence[Payload],
        now: datetime,
        externs: Mapping[str, Any],
        parent: ParentExecution | None = None,
        memo: Mapping[str, Payload] | None = None,
    ) -> None:
        self.id = id
        self.parent = parent
        self.ended = False
        self.result: Payload | None = None
        self.jobs: list[Job] = []
        self._events = 0
        self._instance = UnsandboxedWorkflowRunner().create_instance(_details(id, now, externs, parent, memo or {}))
        start = jobs_proto.InitializeWorkflow(
            workflow_type=WORKFLOW_GRAPH_RUN, workflow_id=id, arguments=arguments, randomness_seed=SEED, attempt=1
        )
        self.jobs.append(Job(initialize_workflow=start))

    def step(self, now: datetime) -> list[WorkflowCommand]:
        """Give the workflow the jobs that wait; return what it does then. Raises WorkflowBroke."""
        jobs, self.jobs = self.jobs, []
        self._events += len(jobs) + 2
        activation = jobs_proto.WorkflowActivation(run_id=self.id, jobs=jobs, history_length=self._events)
        activation.timestamp.FromDatetime(now)
        completion = self._instance.activate(activation)
        if completion.HasField("failed"):
            raise WorkflowBroke(completion.failed.failure.message)
        return list(completion.successful.commands)

    def evict(self, now: datetime) -> None:
        """End what the workflow still waits for."""
        self.jobs = [Job(remove_from_cache=jobs_proto.RemoveFromCache())]
        self.step(now)


def _details(
    id: str,
    now: datetime,
    externs: Mapping[str, Any],
    parent: ParentExecution | None,
    memo: Mapping[str, Payload],
) -> WorkflowInstanceDetails:
    return WorkflowInstanceDetails(
        payload_converter_factory=DATA_CONVERTER.payload_converter_class,
        failure_converter_class=DATA_CONVERTER.failure_converter_class,
        interceptor_classes=[],
        defn=workflow._Definition.must_from_class(GraphRun),  # the SDK has no other way to a workflow's definition
        info=_info(id, now, parent, memo),
        randomness_seed=SEED,
        extern_functions={**externs, **OF_THE_SDK},
        disable_eager_activity_execution=True,
        worker_level_failure_exception_types=[],
        patch_activation_callback=None,
        last_completion_result=Payloads(),
        last_failure=None,
    )


def _info(id: str, now: datetime, parent: ParentExecution | None, memo: Mapping[str, Payload]) -> workflow.Info:
    above = None if parent is None else parent.execution
    root = above
    while root is not None and root.parent is not None:
        root = root.parent.execution
    return workflow.Info(
        attempt=1,
        continued_run_id=None,
        cron_schedule=None,
        execution_timeout=None,
        first_execution_run_id=id,
        headers={},
        namespace=NAMESPACE,
        original_execution_run_id=id,
        parent=None
        if above is None
        else workflow.ParentInfo(namespace=NAMESPACE, run_id=above.id, workflow_id=above.id),
        root=None if root is None else workflow.RootInfo(run_id=root.id, workflow_id=root.id),
        priority=Priority.default,
        raw_memo=dict(memo),
        retry_policy=None,
        run_id=id,
        run_timeout=None,
        search_attributes={},
        start_time=now,
        task_queue=DEFAULT_TASK_QUEUE,
        task_timeout=TASK_TIMEOUT,
        typed_search_attributes=TypedSearchAttributes.empty,
        workflow_id=id,
        workflow_start_time=now,
        workflow_type=WORKFLOW_GRAPH_RUN,
    )
