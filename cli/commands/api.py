"""`wand api`: the HTTP API alone, for a deployment with a Temporal and workers of its own."""

import asyncio
import logging
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wand_orchestrator.cli.client.options import AppDir

if TYPE_CHECKING:
    from wand_orchestrator.settings import Settings

log = logging.getLogger("wand")


def api(
    host: Annotated[str | None, typer.Option(help="Address it listens on. Default: 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port it listens on, 0 for a free one. Default: 8000")] = None,
    app_dir: AppDir = Path(),
) -> None:
    """Serve the API over the database and the Temporal that the environment names."""
    from wand_orchestrator.cli.processes import logs
    from wand_orchestrator.cli.processes.app_dir import find_plugins_in
    from wand_orchestrator.cli.processes.configuration import settings_with
    from wand_orchestrator.cli.processes.unknown_settings import warn_of_unknown_settings

    settings = settings_with(host=host, port=port)
    logs.configure(settings.log_level)
    warn_of_unknown_settings()
    find_plugins_in(app_dir)
    asyncio.run(_serve(settings))


async def _serve(settings: "Settings") -> None:
    from wand_orchestrator.api.app import create_app
    from wand_orchestrator.background import background
    from wand_orchestrator.cli.processes.api_server import listen_for_api, serving, url_of
    from wand_orchestrator.cli.processes.attribute_registration import register_search_attributes
    from wand_orchestrator.cli.processes.garbage import look_seldom
    from wand_orchestrator.cli.processes.opened_store import opened_store
    from wand_orchestrator.cli.processes.ports import port_of
    from wand_orchestrator.cli.processes.stop_signal import run_until_stopped
    from wand_orchestrator.files.artifacts import ArtifactStore
    from wand_orchestrator.plugins import Registry
    from wand_orchestrator.temporal.connection import connect

    registry = Registry.load(settings)
    look_seldom()
    artifacts = ArtifactStore.open(settings.effective_artifacts_url)
    client = await connect(lazy=True)

    async def serve() -> None:
        async with opened_store(settings) as store:
            app = create_app(settings, client=client, store=store, registry=registry, artifacts=artifacts)
            async with background(register_search_attributes(client)), serving(app, listener):
                log.info("The API is at %s", url_of(settings.host, port_of(listener)))
                await asyncio.Event().wait()

    with closing(listen_for_api(settings)) as listener:
        await run_until_stopped(serve())
