"""The worker's handle of a host process: what runs in it, and how it ends."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

from wand_orchestrator.activities.host import deaths
from wand_orchestrator.activities.host.deaths import Death
from wand_orchestrator.activities.host.frames import Frame, FrameReader, encoded
from wand_orchestrator.activities.host.invoked import Invoked, Limits, place_of, settle
from wand_orchestrator.activities.host.memory_looks import MEMORY_LOOK_SEC, next_look
from wand_orchestrator.activities.host.order import Order, settings_for_agents
from wand_orchestrator.activities.host.spawning import Channels, spawn
from wand_orchestrator.activities.runner.reports import Reporter
from wand_orchestrator.contract.node import (
    Report,
)
from wand_orchestrator.errors import InternalError
from wand_orchestrator.settings import Settings

HOST_START_SEC = 120.0
"""For a process that neither becomes ready nor ends: a plug-in that does not end while it is imported."""

log = logging.getLogger("wand.host")


class HostUnfit(InternalError):
    """A host process could not begin to serve; the message says why."""


class HostEnded(InternalError):
    """The process ended before the invocation did."""

    def __init__(self, death: Death, mine: bool) -> None:
        super().__init__(death.message)
        self.death = death
        self.mine = mine


class HostProcess:
    """A host process. `on_stubborn` is called once, when a cancelled agent does not end: the process then takes no
    further ones.
    """

    def __init__(self, process: asyncio.subprocess.Process, channels: Channels, limits: Limits) -> None:
        self._process = process
        self._channels = channels
        self._first: asyncio.Future[Frame | None] = asyncio.get_running_loop().create_future()
        self._limits = limits
        self._ids = 0
        self._under_way: dict[int, Invoked] = {}
        self._heard = time.monotonic()
        self._verdict: Death | None = None
        self._gone = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.on_stubborn: Callable[[], None] = lambda: None
        self._stubborn = False

    @classmethod
    async def start(cls, settings: Settings, environment: dict[str, str], limits: Limits) -> "HostProcess":
        """Start a process and return it once it is ready. Raises HostUnfit."""
        process, channels = await spawn(environment)
        started = cls(process, channels, limits)
        try:
            await channels.open(FrameReader(started._take, started._on_end, limits.frame_bytes))
            await started._set_up(settings)
        except BaseException:
            await started.close()
            raise
        return started

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def lives(self) -> bool:
        return not self._gone.is_set() and self._verdict is None

    async def gone(self) -> None:
        await self._gone.wait()

    def begin(self, order: Order, reporter: Reporter) -> int:
        self._ids += 1
        self._under_way[self._ids] = Invoked(order, reporter, asyncio.get_running_loop().create_future())
        self._send({"kind": "call", "id": self._ids, "order": order.model_dump()})
        return self._ids

    async def ending(self, id: int) -> Any:
        """Wait for the invocation; return its output. Raises HostedFailure, HostEnded, and asyncio.CancelledError once
        it was cancelled.
        """
        ending = self._under_way[id].ending
        try:
            return await ending
        finally:
            self._under_way.pop(id, None)

    def cancel(self, id: int) -> None:
        invoked = self._under_way.get(id)
        if invoked is not None and not invoked.ending.done():
            invoked.cancelled_at = invoked.cancelled_at or time.monotonic()
            self._send({"kind": "cancel", "id": id})

    async def close(self) -> None:
        """End the process, with all processes that agents have started in it."""
        self._verdict = self._verdict or Death(deaths.CRASHED, "its process was closed")
        self._kill()
        await self._process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._end()
        self._channels.close()

    # Its beginning

    async def _set_up(self, settings: Settings) -> None:
        level = logging.getLogger().getEffectiveLevel()
        self._send({"settings": settings_for_agents(settings), "log_level": level})
        try:
            async with asyncio.timeout(HOST_START_SEC):
                first = await self._first
        except TimeoutError as error:
            raise HostUnfit(f"the agent host was not ready within {HOST_START_SEC:g} s") from error
        if first is None:
            status = await self._process.wait()
            raise HostUnfit(f"the agent host ended before it was ready, with status {status}")
        if first["kind"] != "ready":
            raise HostUnfit(str(first.get("message")))
        self._heard = time.monotonic()
        self._tasks = [asyncio.create_task(work) for work in (self._watch(), self._await_end())]

    # What it says

    def _send(self, frame: Frame) -> None:
        self._channels.write(encoded(frame))

    async def _closed(self) -> None:
        """React to the closed channel: usually the process has ended and is yet to be awaited."""
        with suppress(TimeoutError):
            async with asyncio.timeout(MEMORY_LOOK_SEC):
                await self.gone()
                return
        self._condemn(deaths.unreadable())

    def _on_end(self) -> None:
        if not self._first.done():
            self._first.set_result(None)
        elif self.lives:
            self._tasks.append(asyncio.create_task(self._closed()))

    def _take(self, frame: Frame) -> None:
        self._heard = time.monotonic()
        if not self._first.done():
            self._first.set_result(frame)
        kind, invoked = frame["kind"], self._under_way.get(frame.get("id") or 0)
        if kind == "blocked":
            self._blocked(frame, invoked)
        if invoked is None or invoked.ending.done():
            return
        match kind:
            case "report":
                invoked.reporter.add(Report.model_validate(frame["report"]), frame["dropped"])
            case "text":
                invoked.reporter.emission.place(int(frame["offset"]), str(frame["text"]))
                self._pace(frame["id"], invoked)
            case "output" | "failure" | "cancelled":
                invoked.reporter.count_dropped(frame["dropped"])
                settle(invoked.ending, kind, frame)

    def _pace(self, id: int, invoked: Invoked) -> None:
        """Tell the host how often text is wanted, when that has changed."""
        wanted = invoked.reporter.emission.interval_sec
        if wanted != invoked.text_interval_sec:
            invoked.text_interval_sec = wanted
            self._send({"kind": "pace", "id": id, "sec": wanted})

    def _blocked(self, frame: Frame, invoked: Invoked | None) -> None:
        seconds, place = float(frame["sec"]), str(frame["at"])
        if invoked is not None and not invoked.warned:
            invoked.warned = True
            message = f"it blocks the event loop of all async agents, at {place}: write it as a plain `def`"
            log.warning("Node %s of %s (%s): %s", *place_of(invoked.order), message)
            invoked.reporter.log(message, "warning", {"seconds": round(seconds, 1)})
        if seconds >= self._limits.block_sec:
            self._condemn(deaths.blocked(seconds, frame["id"], place))

    # What it does

    async def _watch(self) -> None:
        watched = psutil.Process(self.pid)
        looked, used, pause = time.monotonic(), 0, MEMORY_LOOK_SEC
        while True:
            await asyncio.sleep(pause)
            took, looked = time.monotonic() - looked, time.monotonic()
            if took > 5 * MEMORY_LOOK_SEC:
                self._heard += took  # this process stood still itself, and heard nothing of what was said
            with suppress(psutil.Error):
                before, used = used, watched.memory_info().rss
                self._judge(used, looked)
                pause = next_look(used - before, took, self._limits.memory_bytes - used)

    def _judge(self, used: int, now: float) -> None:
        quiet = now - self._heard
        if used > self._limits.memory_bytes:
            self._condemn(deaths.out_of_memory(used, self._limits.memory_bytes))
        elif quiet > self._limits.block_sec:
            self._condemn(deaths.silent(quiet))
        self._look_for_stubborn(now)

    def _look_for_stubborn(self, now: float) -> None:
        """Watch cancelled agents that do not end: the agents beside them may end first, then the process is ended."""
        patience = self._limits.cancel_sec
        under_way = [item for item in self._under_way.values() if not item.ending.done()]
        stubborn = [item for item in under_way if item.cancelled_at is not None and now - item.cancelled_at > patience]
        if stubborn and not self._stubborn:
            self._stubborn = True
            for item in stubborn:
                log.warning("Node %s of %s (%s) was cancelled and has not ended", *place_of(item.order))
            self.on_stubborn()
        if stubborn and len(stubborn) == len(under_way):
            self._condemn(Death(deaths.CANCELLED, "it was cancelled and did not end"))

    # Its end

    async def _await_end(self) -> None:
        await self._process.wait()
        self._end()

    def _condemn(self, verdict: Death) -> None:
        if self.lives:
            self._verdict = verdict
            self._kill()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _end(self) -> None:
        self._gone.set()
        self._kill()
        under_way = [id for id, item in self._under_way.items() if not item.ending.done()]
        death = (self._verdict or deaths.ended(self._process.returncode or 0)).with_culprit(under_way)
        if under_way:
            names = ", ".join("{} of {} ({})".format(*place_of(self._under_way[id].order)) for id in under_way)
            log.error("Agent host %d: %s; under way: %s", self.pid, death.message, names)
        for id in under_way:
            item = self._under_way[id]
            ending = asyncio.CancelledError() if item.cancelled_at else HostEnded(death, mine=death.culprit == id)
            item.ending.set_exception(ending)
