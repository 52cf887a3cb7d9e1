"""The worker that carries out runs, put together: the workflows, the agents, and the core activities on the database.

It imports nothing of the API, which `wand worker` does without.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.client import Client

from wand_orchestrator.activities.core.archive_events import archive_activity
from wand_orchestrator.activities.core.delete_run import delete_activity
from wand_orchestrator.activities.core.deliver_webhook import build_webhook_worker
from wand_orchestrator.activities.core.end_backoff import retry_now_activity
from wand_orchestrator.activities.core.ending_runs import is_ending_activity
from wand_orchestrator.activities.core.in_flight import in_flight_activity
from wand_orchestrator.activities.core.keep_paused import keep_paused_activity
from wand_orchestrator.activities.core.keep_values import ValueKeeper
from wand_orchestrator.activities.core.open_run import open_activity
from wand_orchestrator.activities.core.read_outputs import outputs_activity
from wand_orchestrator.activities.core.run_watch import run_watch_activities
from wand_orchestrator.activities.core.start_run import start_run_activity
from wand_orchestrator.activities.core.tell_input_keys import input_keys_activity
from wand_orchestrator.activities.host.pool import AgentHost
from wand_orchestrator.activities.worker import build_worker
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.temporal.connection import keeping_payloads
from wand_orchestrator.temporal.event_feed import EventFeed
from wand_orchestrator.workflows.graph_run import GraphRun
from wand_orchestrator.workflows.run_deletion import RunDeletion
from wand_orchestrator.workflows.tool_listing import ToolListing
from wand_orchestrator.workflows.webhook_delivery import WebhookDelivery


@asynccontextmanager
async def core_worker(
    client: Client,
    settings: Settings,
    registry: Registry,
    store: Store,
    artifacts: ArtifactStore,
    *,
    task_queue: str | None = None,
    feed: EventFeed | None = None,
    alone: bool = False,
    host: AgentHost | None = None,
) -> AsyncIterator[None]:
    """Run a worker of the workflows, the agents and the core activities, and a worker of webhooks beside it."""
    client = keeping_payloads(client, settings)
    values = ValueKeeper.of(store, settings)
    core = build_worker(
        client,
        settings,
        registry,
        artifacts=artifacts,
        task_queue=task_queue,
        workflows=[GraphRun, RunDeletion, ToolListing],
        core_activities=[
            open_activity(store, registry.agents, settings.run_limits),
            input_keys_activity(registry.agents),
            archive_activity(store, values),
            delete_activity(store),
            retry_now_activity(client),
            in_flight_activity(client),
            is_ending_activity(client),
            start_run_activity(client, store),
            keep_paused_activity(client),
            *run_watch_activities(client),
            outputs_activity(client, [GraphRun]),
        ],
        feed=feed,
        values=values,
        alone=alone,
        host=host,
    )
    async with build_webhook_worker(client, settings, [WebhookDelivery], task_queue=task_queue), core:
        yield
