"""A process that only runs the sample agents, of one task queue: `python -m tests.integration.worker_process`."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import sample_agents

from wand_orchestrator.activities.worker import build_worker
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.temporal.connection import connect


@asynccontextmanager
async def worker_process(
    address: str, queue: str, folder: Path, *, calls_models: bool = False
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Killed at the end if it still runs. `calls_models`: it also has what Wand brings, as `WAND_MODELS` says."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    arguments = (
        "-m",
        "tests.integration.worker_process",
        address,
        queue,
        str(folder),
        *(["models"] if calls_models else []),
    )
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, env=environment)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _main(address: str, queue: str, folder: str, models: str = "") -> None:
    settings = Settings(data_dir=Path(folder), task_queue=queue, plugins="sample_agents")
    registry = Registry.load(settings) if models else Registry.of(sample_agents)
    artifacts = ArtifactStore.open(settings.effective_artifacts_url)
    async with build_worker(await connect(target=address), settings, registry, artifacts=artifacts):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
