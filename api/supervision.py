"""Keeps the API's background tasks running: what fails in one unexpectedly is logged, and it begins again.

A task that is gone is worse than one that fails again and again: pending runs would never start, and nobody would know.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from wand_orchestrator.api.stream.backoff import Backoff

WELL_AFTER_SEC = 5.0
"""A task that has run for so long after a failure is well again."""

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]


class Supervision:
    """Keeps background tasks running; `run` is a background task itself. `tasks`: the endless work of each, by its name
    for the log.
    """

    def __init__(self, tasks: Mapping[str, Work], well_after_sec: float = WELL_AFTER_SEC) -> None:
        self._tasks = dict(tasks)
        self._well_after_sec = well_after_sec
        self._faults: dict[str, str] = {}

    @property
    def faults(self) -> dict[str, str]:
        """The tasks that have failed and are not known to be well again, with their errors."""
        return dict(self._faults)

    async def run(self) -> None:
        """Run all tasks until cancelled; then cancel and await them."""
        async with asyncio.TaskGroup() as group:
            for name, work in self._tasks.items():
                group.create_task(self._keep(name, work), name=name)

    async def _keep(self, name: str, work: Work) -> None:
        backoff = Backoff()
        while True:
            recovery = asyncio.get_running_loop().call_later(self._well_after_sec, self._recovered, name, backoff)
            try:
                await work()
                raise RuntimeError("it ended, which it never should")
            except Exception as error:
                self._faults[name] = f"{name}: {type(error).__name__}"
                log.exception("What %s has failed, and begins again", name)
            finally:
                recovery.cancel()
            await backoff.wait()

    def _recovered(self, name: str, backoff: Backoff) -> None:
        backoff.reset()
        self._faults.pop(name, None)
