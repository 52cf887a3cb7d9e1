"""A process that runs the workflows and the sample agents of one task queue, made to be killed:
`python -m tests.integration.language_worker`.

It begins to poll with the first line of its input: by then it has loaded everything, and takes over at once from the
one that was killed.
"""

import asyncio
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from temporalio.client import Client
from temporalio.plugin import SimplePlugin
from temporalio.worker import WorkerConfig

from tests.integration.graph_runs import worker
from tests.language_graphs import RATE
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.temporal.connection import connect, keeping_payloads

STICKY_SEC = 0.5
"""For so long Temporal's server waits for a worker that is dead to go on with its runs: 10 s by default."""

RATES = f"{RATE}=1000/s"


@dataclass
class LanguageWorkers:
    """One process after the other for one task queue, each killed before the next begins; a spare one is loading."""

    address: str
    queue: str
    folder: Path
    _running: asyncio.subprocess.Process | None = None
    _spare: asyncio.subprocess.Process | None = None
    _all: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        await self.replace()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._all:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def replace(self) -> None:
        """Kill the process that runs, as `kill -9` does, and let the spare one begin."""
        if self._running is not None:
            self._running.kill()
            await self._running.wait()
        self._running = self._spare or await self._started()
        assert self._running.stdin is not None
        self._running.stdin.write(b"begin\n")
        await self._running.stdin.drain()
        self._spare = await self._started()

    async def _started(self) -> asyncio.subprocess.Process:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        arguments = ("-m", "tests.integration.language_worker", self.address, self.queue, str(self.folder))
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env=environment, stdin=asyncio.subprocess.PIPE
        )
        self._all.append(process)
        return process


def _configured(config: WorkerConfig) -> WorkerConfig:
    config["sticky_queue_schedule_to_start_timeout"] = timedelta(seconds=STICKY_SEC)
    return config


class _Impatient(SimplePlugin):
    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        return _configured(super().configure_worker(config))


async def _main(address: str, queue: str, folder: str) -> None:
    options = Settings(data_dir=Path(folder), task_queue=queue, rates=RATES)
    client = keeping_payloads(await connect(target=address), options)
    config = client.config()
    config["plugins"] = [_Impatient("test.impatient")]
    if not await asyncio.to_thread(sys.stdin.readline):
        return
    async with worker(Client(**config), options, Store.open(options.effective_database_url)):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
