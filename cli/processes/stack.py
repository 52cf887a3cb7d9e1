"""Opens, connects and closes the parts of Wand, for the commands, the tests and the benchmarks.

What is opened later may need what was opened before, so all of it is closed in the opposite order: the API first, then
the worker with its grace for running agents, then the database and Temporal.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

from temporalio.client import Client

from wand_orchestrator.activities.core.archive_events import archive_activity
from wand_orchestrator.activities.core.delete_run import delete_activity
from wand_orchestrator.activities.core.deliver_webhook import build_webhook_worker
from wand_orchestrator.activities.core.end_backoff import retry_now_activity
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
from wand_orchestrator.api.app import create_app
from wand_orchestrator.cli.processes.api_server import serving, url_of
from wand_orchestrator.cli.processes.awaiting import available
from wand_orchestrator.cli.processes.data_folder import held
from wand_orchestrator.cli.processes.dev_server import DevServer, dev_server, end_orphans
from wand_orchestrator.cli.processes.ports import choose_port, listen, port_of
from wand_orchestrator.errors import Unavailable, WandError
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.temporal.connection import keeping_payloads
from wand_orchestrator.temporal.event_feed import EventFeed
from wand_orchestrator.workflows.graph_run import GraphRun
from wand_orchestrator.workflows.run_deletion import RunDeletion
from wand_orchestrator.workflows.webhook_delivery import WebhookDelivery

TEMPORAL_FILE = "temporal.db"


@dataclass(frozen=True)
class Stack:
    """A running embedded stack. `url`: of the API."""

    settings: Settings
    url: str
    temporal: DevServer
    store: Store
    artifacts: ArtifactStore
    api: "asyncio.Task[None]"

    async def ended(self) -> WandError:
        """Wait until Temporal or the API ends without having been asked to; a worker that does ends the block."""
        temporal = asyncio.create_task(self.temporal.ended())
        try:
            await asyncio.wait({temporal, self.api}, return_when=asyncio.FIRST_COMPLETED)
            return temporal.result() if temporal.done() else Unavailable("api", "the API's server has ended")
        finally:
            temporal.cancel()


@asynccontextmanager
async def embedded_stack(
    settings: Settings, *, temporal_port: int = 0, ui_port: int = 0, ui: bool = True
) -> AsyncIterator[Stack]:
    """Run Temporal, a worker and the API in this process, and the agents in another one, all over
    `settings.data_dir`.

    A port of 0 is a free one.
    Raises, before anything has started, PortTaken, FolderInUse, PluginError, ConfigurationError.
    """
    registry = Registry.load(settings)
    database = settings.data_dir / TEMPORAL_FILE
    with held(settings.data_dir), closing(listen_for_api(settings)) as listener:
        await asyncio.to_thread(end_orphans, database)
        temporal_port = choose_port(temporal_port, what="Temporal", flag="--temporal-port")
        ui_port = choose_port(ui_port, what="Temporal's Web UI", flag="--ui-port") if ui else 0
        async with (
            opened_store(settings) as store,
            AgentHost.open(settings) as host,
            dev_server(port=temporal_port, ui_port=ui_port, ui=ui, database=database) as temporal,
        ):
            artifacts = ArtifactStore.open(settings.effective_artifacts_url)
            feed = EventFeed()
            app = create_app(
                settings, client=temporal.client, store=store, registry=registry, artifacts=artifacts, feed=feed
            )
            url = url_of(settings.host, port_of(listener))
            async with (
                core_worker(temporal.client, settings, registry, store, artifacts, feed=feed, alone=True, host=host),
                serving(app, listener) as api,
            ):
                yield Stack(settings, url, temporal, store, artifacts, api)


def listen_for_api(settings: Settings) -> socket.socket:
    return listen(settings.host, settings.port, what="the API", flag="--port")


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[Store]:
    """Open the store with its tables up to date; waits for a database that is away."""
    store = Store.open(settings.effective_database_url)
    try:
        await available(store.migrate)
        yield store
    finally:
        await store.close()


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
        workflows=[GraphRun, RunDeletion],
        core_activities=[
            open_activity(store, registry.agents, settings.run_limits),
            input_keys_activity(registry.agents),
            archive_activity(store, values),
            delete_activity(store),
            retry_now_activity(client),
            in_flight_activity(client),
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
