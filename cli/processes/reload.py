"""`wand dev --reload`: restarts the stack whenever a file of a plug-in changes.

All of it begins anew, so that nothing of the old code is left: neither in the agent host nor in what validates graphs.
Runs go on where they were, as after any restart.
"""

import asyncio
import logging
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from watchfiles import Change, PythonFilter, awatch

from wand_orchestrator.cli.client.document_file import read_document
from wand_orchestrator.cli.processes.child_command import child_command
from wand_orchestrator.errors import BadRequest

GRAPH_FILES = (".json", ".yaml", ".yml")
MORE_FILES = (".env", ".toml", *GRAPH_FILES)

LARGEST_GRAPH_BYTES = 1_000_000

log = logging.getLogger("wand")


class PluginFilter(PythonFilter):
    """Selects the changes that need a restart. A graph needs none: it is read when a run of it starts."""

    def __call__(self, change: Change, path: str) -> bool:
        return super().__call__(change, path) and not _is_graph(Path(path))


async def serve_and_reload(arguments: Sequence[str], watched: Sequence[Path], ignored: Sequence[Path]) -> None:
    """Keep `wand *arguments` running, restarted on changes, until the task is cancelled."""
    changes = PluginFilter(ignore_paths=[str(path.resolve()) for path in ignored], extra_extensions=MORE_FILES)
    while True:
        async with child_command(arguments) as process:
            changing = asyncio.create_task(_change(watched, changes))
            ending = asyncio.create_task(process.wait())
            try:
                await asyncio.wait({changing, ending}, return_when=asyncio.FIRST_COMPLETED)
                if not changing.done():
                    log.error("It has ended with status %d: it begins again when a file changes", ending.result())
                log.info("%s has changed: beginning again", await changing)
            finally:
                changing.cancel()
                ending.cancel()


async def _change(watched: Sequence[Path], filter: PythonFilter) -> str:
    """Wait for a change; return the first file that changed."""
    async for changes in awatch(*watched, watch_filter=filter):
        return min(path for _, path in changes)
    raise asyncio.CancelledError


def _is_graph(path: Path) -> bool:
    """Return whether the file has a graph in it; one that cannot be read has not."""
    try:
        if path.suffix not in GRAPH_FILES or path.stat().st_size > LARGEST_GRAPH_BYTES:
            return False
        document = read_document(str(path))
    except (OSError, BadRequest):
        return False
    return isinstance(document, dict) and isinstance(document.get("nodes"), list)


def plugin_folders(modules: Sequence[str], app_dir: Path) -> list[Path]:
    """Return the project's folder, and those of plug-ins outside of it."""
    specs = [find_spec(module.partition(".")[0]) for module in modules]
    origins = [Path(spec.origin).resolve() for spec in specs if spec is not None and spec.origin]
    folder = app_dir.resolve()
    others = {origin.parent for origin in origins if not origin.is_relative_to(folder)}
    return [folder, *sorted(path for path in others if "site-packages" not in path.parts)]
