"""The agent hosts of a worker: one that attempts share, and one of its own for each suspect.

When a process dies, one of the attempts in it is the cause, and the others are innocent. Where it is known which, that
one alone has failed, and the others begin anew. Where it is not, each begins anew in a process of its own: then the
next death names its cause.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

from wand_orchestrator.activities.env_file import agent_environment
from wand_orchestrator.activities.host.confines import machine_memory
from wand_orchestrator.activities.host.deaths import Death
from wand_orchestrator.activities.host.invoked import Limits
from wand_orchestrator.activities.host.order import Order
from wand_orchestrator.activities.host.process import HostEnded, HostProcess, HostUnfit
from wand_orchestrator.activities.runner.attempt_failures import AttemptFailure, HostedFailure
from wand_orchestrator.activities.runner.reports import Reporter
from wand_orchestrator.errors import PluginError
from wand_orchestrator.settings import Settings

SUSPECTS_AT_ONCE = 4
PROBATION_SEC = 2.0
"""As many suspects begin at once; the next one begins when one has ended, or has run for so long."""

MOST_SUSPECTS = 16
"""Processes of their own at any time: each takes the memory of an interpreter with all plug-ins."""

MOST_LOSSES = 5
"""Deaths of its process that an attempt is tried again after, whoever was their cause."""

UNFIT = "agent_host_unfit"
FRAME_OVERHEAD = 1024**2

log = logging.getLogger("wand.host")


class AgentHost:
    """Runs a worker's agents in host processes. Attempts in progress when it closes are lost, so the worker ends
    earlier.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._environment = agent_environment(settings)
        self._limits = Limits(
            memory_bytes=settings.agent_memory_mb * 1024**2 if settings.agent_memory_mb else machine_memory() // 2,
            block_sec=settings.agent_block_sec,
            cancel_sec=settings.agent_cancel_sec,
            frame_bytes=settings.max_output_bytes + FRAME_OVERHEAD,
        )
        self._shared: HostProcess | None = None
        self._starting: asyncio.Task[HostProcess] | None = None
        self._beginnings = asyncio.Semaphore(SUSPECTS_AT_ONCE)
        self._places = asyncio.Semaphore(MOST_SUSPECTS)
        self._retired: set[HostProcess] = set()
        self._keepers: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings) -> AsyncIterator["AgentHost"]:
        """Open a host with its process ready. Raises PluginError."""
        host = cls(settings)
        try:
            await host.shared()
            yield host
        except HostUnfit as error:
            raise PluginError(str(error)) from error
        finally:
            await host._close()

    def invocation(self, order: Order, reporter: Reporter) -> "HostedInvocation":
        return HostedInvocation(self, order, reporter)

    @property
    def retired(self) -> int:
        """Return the processes that take no further attempts and have not ended yet."""
        return len(self._retired)

    @property
    def ready(self) -> HostProcess | None:
        """Return the process that attempts share, if it lives."""
        return self._shared if self._shared is not None and self._shared.lives else None

    async def shared(self) -> HostProcess:
        """Return the shared process, and start it if it does not live. Raises HostUnfit."""
        if self.ready is not None:
            return self.ready
        if self._starting is None:
            self._starting = asyncio.create_task(self._start_shared())
        return await asyncio.shield(self._starting)

    @asynccontextmanager
    async def own(self) -> AsyncIterator[HostProcess]:
        """Return a new process for one attempt. Raises HostUnfit."""
        async with self._places, self._beginning():
            process = await self._start()
            try:
                yield process
            finally:
                await process.close()

    @asynccontextmanager
    async def _beginning(self) -> AsyncIterator[None]:
        await self._beginnings.acquire()
        held = ExitStack()
        held.callback(self._beginnings.release)
        over = asyncio.get_running_loop().call_later(PROBATION_SEC, held.close)
        try:
            yield
        finally:
            over.cancel()
            held.close()

    async def _start_shared(self) -> HostProcess:
        try:
            process = await self._start()
        finally:
            self._starting = None
        process.on_stubborn = lambda: self._retire(process)
        self._shared = process
        self._keep(self._bury(process))
        return process

    async def _start(self) -> HostProcess:
        return await HostProcess.start(self._settings, self._environment, self._limits)

    async def _bury(self, process: HostProcess) -> None:
        """Wait for the process to end, and start its successor at once, before an attempt needs it."""
        await process.gone()
        self._retired.discard(process)
        await process.close()
        if self._shared is process:
            try:
                await self.shared()
            except HostUnfit as error:
                log.error("The agent host cannot be started again: %s", error)

    def _retire(self, process: HostProcess) -> None:
        if self._shared is process:
            self._shared = None
            self._retired.add(process)

    def _keep(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._keepers.add(task)
        task.add_done_callback(self._keepers.discard)

    async def _close(self) -> None:
        tasks = [*self._keepers, *([self._starting] if self._starting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for process in (*self._retired, *([self._shared] if self._shared else [])):
            await process.close()


class HostedInvocation:
    """One attempt, in the shared process or in one of its own."""

    def __init__(self, host: AgentHost, order: Order, reporter: Reporter) -> None:
        self._host = host
        self._order = order
        self._reporter = reporter
        self._running: tuple[HostProcess, int] | None = None
        self._waiting: asyncio.Task[Any] | None = None
        self._suspect = False
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True
        if self._running is not None:
            process, id = self._running
            process.cancel(id)
        elif self._waiting is not None:
            self._waiting.cancel()

    async def output(self) -> Any:
        death: Death | None = None
        for _ in range(MOST_LOSSES + 1):
            self._check()
            try:
                if self._suspect:
                    return await self._alone()
                return await self._in(self._host.ready or await self._placed(self._host.shared()))
            except HostUnfit as error:
                raise HostedFailure(AttemptFailure(UNFIT, str(error), stated=True)) from error
            except HostEnded as ended:
                death = ended.death
                if ended.mine:
                    break
                self._suspect = death.culprit is None
        assert death is not None
        raise HostedFailure(death.failure())

    async def _alone(self) -> Any:
        own = self._host.own()
        process = await self._placed(own.__aenter__())
        try:
            return await self._in(process)
        finally:
            await own.__aexit__(None, None, None)

    async def _in(self, process: HostProcess) -> Any:
        self._check()
        self._reporter.emission.begin_anew()
        id = process.begin(self._order, self._reporter)
        self._running = process, id
        try:
            return await process.ending(id)
        finally:
            self._running = None

    async def _placed(self, place: Any) -> HostProcess:
        self._waiting = asyncio.ensure_future(place)
        try:
            process: HostProcess = await self._waiting
            return process
        finally:
            self._waiting = None

    def _check(self) -> None:
        if self.cancelled:
            raise asyncio.CancelledError
