"""`wand worker`: runs agents, and unless told otherwise the workflows too."""

import asyncio
import logging
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wand_orchestrator.cli.client.options import AppDir

if TYPE_CHECKING:
    from wand_orchestrator.settings import Settings

log = logging.getLogger("wand")


def worker(
    queue: Annotated[
        str | None, typer.Option(help="Task queue to poll. Default: WAND_TASK_QUEUE, which is `wand`")
    ] = None,
    agents_only: Annotated[
        bool, typer.Option("--agents-only", help="Run agents and no workflows; needs Temporal and no database.")
    ] = False,
    processes: Annotated[
        int, typer.Option(min=0, help="Worker processes, each with places for as many agents; 0: one for each core.")
    ] = 1,
    app_dir: AppDir = Path(),
) -> None:
    """Run a worker for the Temporal that the environment names."""
    from wand_orchestrator.cli.processes import logs
    from wand_orchestrator.cli.processes.app_dir import find_plugins_in
    from wand_orchestrator.cli.processes.configuration import settings_with
    from wand_orchestrator.cli.processes.unknown_settings import warn_of_unknown_settings

    settings = settings_with(task_queue=queue)
    logs.configure(settings.log_level)
    warn_of_unknown_settings()
    find_plugins_in(app_dir)
    if processes == 1:
        asyncio.run(_work(settings, agents_only))
    else:
        asyncio.run(_watch(settings, agents_only, processes, app_dir))


async def _watch(settings: "Settings", agents_only: bool, processes: int, app_dir: Path) -> None:
    from wand_orchestrator.cli.processes.stop_signal import run_until_stopped
    from wand_orchestrator.cli.processes.worker_processes import cores, watch
    from wand_orchestrator.plugins import Registry

    Registry.load(settings)  # what is wrong with it is better said once
    arguments = ["worker", "--queue", settings.task_queue, "--app-dir", str(app_dir)]
    arguments += ["--agents-only"] if agents_only else []
    await run_until_stopped(watch(arguments, processes or cores()), lambda: log.info("Stopping the worker processes"))


async def _work(settings: "Settings", agents_only: bool) -> None:
    from wand_orchestrator.activities.host.pool import AgentHost
    from wand_orchestrator.activities.worker import build_worker
    from wand_orchestrator.background import background
    from wand_orchestrator.cli.processes.attribute_registration import register_search_attributes
    from wand_orchestrator.cli.processes.awaiting import available
    from wand_orchestrator.cli.processes.core_worker import core_worker
    from wand_orchestrator.cli.processes.garbage import look_seldom
    from wand_orchestrator.cli.processes.opened_store import opened_store
    from wand_orchestrator.cli.processes.stop_signal import run_until_stopped
    from wand_orchestrator.files.artifacts import ArtifactStore
    from wand_orchestrator.plugins import Registry
    from wand_orchestrator.temporal.connection import connect

    registry = Registry.load(settings)
    look_seldom()
    artifacts = ArtifactStore.open(settings.effective_artifacts_url)

    async def work() -> None:
        async with AsyncExitStack() as opened:
            host = await opened.enter_async_context(AgentHost.open(settings))
            if agents_only:
                client = await available(connect)
                await opened.enter_async_context(
                    build_worker(client, settings, registry, artifacts=artifacts, host=host)
                )
            else:
                store = await opened.enter_async_context(opened_store(settings))
                client = await available(connect)
                await opened.enter_async_context(background(register_search_attributes(client)))
                await opened.enter_async_context(core_worker(client, settings, registry, store, artifacts, host=host))
            log.info("The worker polls the task queue %s for %s", settings.task_queue, ", ".join(registry.agents))
            await asyncio.Event().wait()

    await run_until_stopped(work(), lambda: log.info("Stopping: agents have %g s", settings.shutdown_grace_sec))
