"""A process that only runs the sample agents, of one task queue: `python -m tests.integration.worker_process`."""

import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import sample_agents

from tests.integration.python_process import python_process
from wand_orchestrator.activities.worker import build_worker
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.temporal.connection import connect


def worker_process(
    address: str, queue: str, folder: Path, *, calls_models: bool = False
) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """Killed at the end if it still runs. `calls_models`: it also has what Wand brings, as `WAND_MODELS` says."""
    models = ["models"] if calls_models else []
    return python_process("tests.integration.worker_process", address, queue, str(folder), *models)


async def _main(address: str, queue: str, folder: str, models: str = "") -> None:
    settings = Settings(data_dir=Path(folder), task_queue=queue, plugins="sample_agents")
    registry = Registry.load(settings) if models else Registry.of(sample_agents)
    artifacts = ArtifactStore.open(settings.effective_artifacts_url)
    async with build_worker(await connect(target=address), settings, registry, artifacts=artifacts):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
