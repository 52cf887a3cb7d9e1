"""Opens, connects and closes the parts of Wand, for the commands, the tests and the benchmarks.

What is opened later may need what was opened before, so all of it is closed in the opposite order: the API first, then
the worker with its grace for running agents, then the database and Temporal.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

from wand_orchestrator.activities.host.pool import AgentHost
from wand_orchestrator.api.app import create_app
from wand_orchestrator.cli.processes.api_server import listen_for_api, serving, url_of
from wand_orchestrator.cli.processes.core_worker import core_worker
from wand_orchestrator.cli.processes.data_folder import held
from wand_orchestrator.cli.processes.dev_server import DevServer, dev_server, end_orphans
from wand_orchestrator.cli.processes.opened_store import opened_store
from wand_orchestrator.cli.processes.ports import choose_port, port_of
from wand_orchestrator.errors import Unavailable, WandError
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.temporal.event_feed import EventFeed

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
