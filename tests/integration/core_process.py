"""A process that runs the workflows of one task queue and no agents that matter, and kills itself at a moment:
`python -m tests.integration.core_process ADDRESS QUEUE FOLDER MOMENT`.
"""

import asyncio
import os
import signal
import sys
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.graph_runs import worker
from tests.integration.python_process import python_process
from wand_orchestrator.activities.core import in_flight, start_run
from wand_orchestrator.contract.run import Archive
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.temporal.connection import connect
from wand_orchestrator.workflows.nodes import child_runs
from wand_orchestrator.workflows.run.carried_walk import CarriedWalk

ASKS, ARCHIVED, BEGINS, NEVER = "asks", "archived", "begins", "never"
"""Moments of a crossing: the run asks what is in flight; its journal is in the database, and nobody was told; the next
history begins."""

NAMED, STARTED = "named", "started"
"""Moments of a run that another one starts and does not wait for: it has got its id; Temporal has it,
and the database has not."""

SOON = timedelta(seconds=2)
"""After this an activity is begun anew whose worker was killed."""


def core_process(
    address: str, queue: str, folder: Path, moment: str
) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """Killed at the end if it still runs."""
    return python_process("tests.integration.core_process", address, queue, str(folder), moment)


def _die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _dies_at(moment: str, store: Store) -> None:
    patch = pytest.MonkeyPatch()
    if moment == ASKS:
        patch.setattr(in_flight, "_look", _die)
    elif moment == ARCHIVED:
        append = store.archive.append

        async def last(archive: Archive, *rest: Any) -> None:
            await append(archive, *rest)
            _die()

        patch.setattr(store.archive, "append", last)
    elif moment == BEGINS:
        begin = CarriedWalk.__init__

        def first(self: CarriedWalk, carried: Any) -> None:
            if carried:
                _die()
            begin(self, carried)

        patch.setattr(CarriedWalk, "__init__", first)
    else:
        _dies_at_a_start(patch, moment, store)


def _dies_at_a_start(patch: pytest.MonkeyPatch, moment: str, store: Store) -> None:
    patch.setattr(child_runs, "START_TIMEOUT", SOON)
    if moment == NAMED:
        patch.setattr(child_runs, "NewRun", _die)
    elif moment == STARTED:
        start = start_run._start

        async def started(*given: Any) -> None:
            await start(*given)
            _die()

        patch.setattr(start_run, "_start", started)


async def _main(address: str, queue: str, folder: str, moment: str) -> None:
    settings = Settings(_env_file=None, data_dir=Path(folder), task_queue=queue)
    store = Store.open(settings.effective_database_url)
    await store.migrate()
    _dies_at(moment, store)
    async with worker(await connect(target=address), settings, store):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
