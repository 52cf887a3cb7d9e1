"""Runs the worker: polls a task queue and runs its agents, and in a core worker the workflows too."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from typing import Any

from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.plugin import SimplePlugin
from temporalio.worker import (
    FixedSizeSlotSupplier,
    Interceptor,
    PollerBehaviorAutoscaling,
    ResourceBasedSlotConfig,
    ResourceBasedSlotSupplier,
    ResourceBasedTunerConfig,
    Worker,
    WorkerDeploymentConfig,
    WorkerTuner,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from wand_orchestrator.activities.core.keep_values import ValueKeeper
from wand_orchestrator.activities.core.next_task import next_task
from wand_orchestrator.activities.host.pool import AgentHost
from wand_orchestrator.activities.mcp.activities import mcp_activities
from wand_orchestrator.activities.runner.context import Artifacts
from wand_orchestrator.activities.runner.holding import HeldAttempts, hold_activity
from wand_orchestrator.activities.runner.runner import AgentServices, activity_for, worker_identity
from wand_orchestrator.activities.steps import UndisturbedRunner
from wand_orchestrator.contract.emitted_text import HEARTBEAT_TEXT_BYTES
from wand_orchestrator.contract.names import (
    EXTERN_PUBLISH,
    rate_queue,
    worker_queue,
)
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.temporal.connection import keeping_payloads
from wand_orchestrator.temporal.event_feed import EventFeed

POLLERS = PollerBehaviorAutoscaling(minimum=1, initial=5, maximum=100)
"""As many polls at once as the server says are of use: few while nothing happens, more the further away it is."""

WORKFLOW_TASKS = 100
NEXUS_TASKS = 1
"""There are none; the SDK wants to know."""

LEAST_AGENTS = 4
"""Run at once whatever memory says, so that a machine that is full of other things does not stop all runs."""

RAMP = timedelta(milliseconds=50)
"""Between two further agents, so that what the one before takes is seen."""


def worker_tuner(settings: Settings) -> WorkerTuner:
    """Return a tuner with fixed numbers of slots; with `max_memory_percent`, further agents start only below that use
    of memory.
    """
    agents = settings.max_concurrent_agents
    fixed = FixedSizeSlotSupplier(agents)
    return WorkerTuner.create_composite(
        workflow_supplier=FixedSizeSlotSupplier(WORKFLOW_TASKS),
        activity_supplier=fixed
        if settings.max_memory_percent is None
        else _by_memory(settings.max_memory_percent, agents),
        local_activity_supplier=fixed,
        nexus_supplier=FixedSizeSlotSupplier(NEXUS_TASKS),
    )


def _by_memory(percent: float, agents: int) -> ResourceBasedSlotSupplier:
    """Return slots bounded by memory. The processor does not count: waiting agents use none, and computing ones share
    it.
    """
    return ResourceBasedSlotSupplier(
        ResourceBasedSlotConfig(minimum_slots=min(LEAST_AGENTS, agents), maximum_slots=agents, ramp_throttle=RAMP),
        ResourceBasedTunerConfig(target_memory_usage=percent / 100, target_cpu_usage=1.0),
    )


DISTRIBUTION = "wand-orchestrator"

HEARTBEAT_THROTTLE = timedelta(seconds=0.5)
"""Between heartbeats of one node, at most. A cancel is told in the answer to one, so an agent sees it within this time;
with the SDK's own limit of 60 s and a heartbeat timeout of 10 s it would take up to 8 s."""

MAX_HELD = 10_000
"""More than a worker can run."""

HELD_POLLERS = PollerBehaviorAutoscaling(minimum=1, initial=1, maximum=20)
"""One poll at a time while no run goes on in a new history."""

RATE_POLLERS = PollerBehaviorAutoscaling(minimum=1, initial=1, maximum=5)
"""What is limited comes seldom."""

EAGER_ACTIVITIES = 3
EAGER_ACTIVITIES_ALONE = 50
"""Nodes that a workflow task may start in this process without a way through the task queue, which saves a round trip.
Where there are other workers they would get nothing of it, however idle; so it is as few as the SDK's own limit."""


def build_worker(
    client: Client,
    settings: Settings,
    registry: Registry,
    *,
    artifacts: Artifacts,
    task_queue: str | None = None,
    workflows: Sequence[type] = (),
    core_activities: Sequence[Callable[..., Awaitable[Any]]] = (),
    interceptors: Sequence[Interceptor] = (),
    feed: EventFeed | None = None,
    values: ValueKeeper | None = None,
    alone: bool = False,
    host: AgentHost | None = None,
) -> Worker:
    """Return a worker of all agents in `registry`; without `workflows` it needs nothing but Temporal.

    `host`: where the agents run, instead of in this process; it has to live longer than the worker.
    `feed` is told, in this process, of every event of its runs and of the text that agents emit, `values` of what goes
    through their nodes. `alone`: as a rule no other worker polls its queue. Who runs the worker owns it: the threads in
    which plain functions run begin with their first call and end when the worker has ended.
    """
    # An async agent and its plain tools share one place; a plain agent that waits for an async tool that calls a plain
    # one holds two threads, so with one for each agent all could wait for each other. Half of all are for local ones.
    queue = task_queue or settings.task_queue
    threads = ThreadPoolExecutor(4 * settings.max_concurrent_agents, thread_name_prefix="agent")
    attempts = HeldAttempts(
        worker_queue(queue, uuid.uuid4().hex),
        worker_identity(),
        settings.shutdown_grace_sec,
        text_bytes=min(HEARTBEAT_TEXT_BYTES, settings.payload_threshold_bytes // 2),  # no heartbeat is stored elsewhere
    )
    emissions = None if feed is None else feed.emissions
    if emissions is not None:
        emissions.workers.add(attempts.identity)
    services = AgentServices(settings, registry, artifacts, attempts, threads, host, emissions=emissions)
    mcp = mcp_activities(services)
    agents = [*(activity_for(agent, services) for agent in registry.runnable.values()), *mcp.for_nodes]
    client = keeping_payloads(client, settings, queue)
    return Worker(
        client,
        task_queue=queue,
        identity=worker_identity(),
        deployment_config=deployment(),
        workflows=workflows,
        activities=[*agents, next_task, *mcp.for_api, *core_activities],
        workflow_runner=UndisturbedRunner(),
        interceptors=[
            *interceptors,
            *([] if feed is None else [FeedInterceptor(feed)]),
            *([] if values is None else values.interceptors),
        ],
        plugins=[
            *([] if values is None else [SimplePlugin("wand.values", run_context=values.running)]),
            SimplePlugin("wand.threads", run_context=partial(_closing, threads)),
            SimplePlugin("wand.mcp", run_context=mcp.running),
            SimplePlugin("wand.models", run_context=services.closing_models),
            SimplePlugin("wand.held", run_context=lambda: _polling(_held_worker(client, attempts, agents))),
            *(
                SimplePlugin(f"wand.rate.{name}", run_context=partial(_rated, client, queue, name, settings, agents))
                for name in settings.rate_table
            ),
        ],
        tuner=worker_tuner(settings),
        workflow_task_poller_behavior=POLLERS,
        activity_task_poller_behavior=POLLERS,
        max_eager_activity_reservations_per_workflow_task=EAGER_ACTIVITIES_ALONE if alone else EAGER_ACTIVITIES,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        graceful_shutdown_timeout=timedelta(seconds=settings.shutdown_grace_sec),
    )


def _held_worker(client: Client, attempts: HeldAttempts, agents: Sequence[Callable[..., Awaitable[Any]]]) -> Worker:
    """Return the worker that continues attempts that this process runs already; they take no further slots."""
    return Worker(
        client,
        task_queue=attempts.queue,
        identity=attempts.identity,
        deployment_config=deployment(),
        activities=[*agents, hold_activity(attempts)],
        max_concurrent_activities=MAX_HELD,
        activity_task_poller_behavior=HELD_POLLERS,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        graceful_shutdown_timeout=timedelta(seconds=attempts.grace_sec),
    )


@asynccontextmanager
async def _rated(
    client: Client, queue: str, rate: str, settings: Settings, agents: Sequence[Callable[..., Awaitable[Any]]]
) -> AsyncIterator[None]:
    """Run a worker for the nodes of a rate. Temporal's server limits the tasks per second over all workers; each sends
    it the same limit.
    """
    async with Worker(
        client,
        task_queue=rate_queue(queue, rate),
        identity=worker_identity(),
        deployment_config=deployment(),
        activities=agents,
        max_concurrent_activities=settings.max_concurrent_agents,
        max_task_queue_activities_per_second=settings.rate_table[rate],
        activity_task_poller_behavior=RATE_POLLERS,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        graceful_shutdown_timeout=timedelta(seconds=settings.shutdown_grace_sec),
    ):
        yield


@asynccontextmanager
async def _polling(held: Worker) -> AsyncIterator[None]:
    """Run the worker until the other one has ended, whose agents may still end within their grace."""
    async with held:
        yield


def deployment() -> WorkerDeploymentConfig:
    """Return the deployment that shows operators a worker's release. By default the SDK hashes all loaded modules,
    which takes a second.
    """
    return WorkerDeploymentConfig(
        WorkerDeploymentVersion(DISTRIBUTION, version(DISTRIBUTION)), use_worker_versioning=False
    )


class FeedInterceptor(Interceptor):
    """Passes workflows the function `publish` of their run's feed."""

    def __init__(self, feed: EventFeed) -> None:
        self._feed = feed

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        input.unsafe_extern_functions[EXTERN_PUBLISH] = partial(self._feed.publisher, worker_identity())
        return None


@asynccontextmanager
async def _closing(threads: ThreadPoolExecutor) -> AsyncIterator[None]:
    """Shut the threads down with the worker, which has waited for all agents by then."""
    try:
        yield
    finally:
        await asyncio.to_thread(threads.shutdown)
