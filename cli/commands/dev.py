"""`wand dev`: the whole of Wand on one machine, in one process beside its Temporal server."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wand_orchestrator.cli.client.options import AppDir

if TYPE_CHECKING:
    from wand_orchestrator.settings import Settings

DataDir = Annotated[
    Path | None, typer.Option(help="Folder for all state; a restart goes on where it stopped. Default: .wand")
]


def dev(
    host: Annotated[str | None, typer.Option(help="Address the API listens on. Default: 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the API, 0 for a free one. Default: 8000")] = None,
    temporal_port: Annotated[int, typer.Option(help="Port of Temporal, 0 for a free one.")] = 7233,
    ui_port: Annotated[int, typer.Option(help="Port of Temporal's Web UI, 0 for a free one.")] = 8233,
    data_dir: DataDir = None,
    app_dir: AppDir = Path(),
    reload: Annotated[bool, typer.Option("--reload", help="Begin anew when a file of a plug-in changes.")] = False,
) -> None:
    """Start Temporal with its Web UI, a worker and the API, here and now; Ctrl-C ends it."""
    from wand_orchestrator.cli.processes import logs
    from wand_orchestrator.cli.processes.app_dir import find_plugins_in
    from wand_orchestrator.cli.processes.configuration import settings_with
    from wand_orchestrator.cli.processes.unknown_settings import warn_of_unknown_settings

    settings = settings_with(host=host, port=port, data_dir=data_dir)
    logs.configure(settings.log_level)
    warn_of_unknown_settings()
    find_plugins_in(app_dir)
    if reload:
        asyncio.run(_reload(settings, app_dir))
        return
    asyncio.run(_serve(settings, temporal_port, ui_port))


async def _reload(settings: "Settings", app_dir: Path) -> None:
    from wand_orchestrator.cli.processes.reload import plugin_folders, serve_and_reload
    from wand_orchestrator.cli.processes.stop_signal import run_until_stopped

    arguments = [argument for argument in sys.argv[1:] if argument != "--reload"]
    folders = plugin_folders(settings.plugin_modules, app_dir)
    await run_until_stopped(serve_and_reload(arguments, folders, [settings.data_dir]))


async def _serve(settings: "Settings", temporal_port: int, ui_port: int) -> None:
    from wand_orchestrator.cli.display.welcome import say_goodbye, welcome
    from wand_orchestrator.cli.processes.garbage import look_seldom
    from wand_orchestrator.cli.processes.stack import embedded_stack
    from wand_orchestrator.cli.processes.stop_signal import run_until_stopped

    look_seldom()

    async def serve() -> None:
        async with embedded_stack(settings, temporal_port=temporal_port, ui_port=ui_port) as stack:
            welcome(stack)
            raise await stack.ended()

    await run_until_stopped(serve(), lambda: say_goodbye(settings))
