"""Sends reports from inside a node to the run's journal: batched and bounded, without delaying the agent.

A signal costs the run a few events of its history, so an agent that logs in a loop must not send one a line. A batch is
signalled a moment after its first report; what a short agent reported rides along with its result and costs nothing.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextvars import copy_context
from typing import Any, Protocol

from wand_orchestrator.contract.bounds import bounded_json, bounded_text
from wand_orchestrator.contract.events import Level
from wand_orchestrator.contract.node import (
    Report,
)
from wand_orchestrator.temporal.emission_feed import Emission

INTERVAL_SEC = 0.25
"""Between a batch's first report and its signal, so at most 4 signals a second for a node."""

BATCH_LINES = 200
ATTEMPT_BYTES = 1024**2
"""Of all lines of an attempt. They stand in the run's history, of which Temporal takes 50 MB."""

BATCH_BYTES = 128 * 1024
"""Of a batch's lines: beside the largest output it still fits Temporal's limit of 2 MB."""

Send = Callable[[Sequence[Report]], Awaitable[None]]

logger = logging.getLogger(__name__)


class Reports(Protocol):
    """Takes the reports of an attempt's context."""

    def log(self, message: str, level: Level, data: dict[str, Any]) -> None: ...
    def progress(self, percent: float, message: str) -> None: ...
    def emit(self, text: str) -> None: ...


def log_report(node: str, attempt: int, message: str, level: Level, data: dict[str, Any]) -> Report:
    return Report(
        kind="log", node=node, attempt=attempt, message=bounded_text(message), level=level, data=bounded_json(data)
    )


def progress_report(node: str, attempt: int, percent: float, message: str) -> Report:
    whole = int(min(max(percent, 0), 100))
    return Report(kind="progress", node=node, attempt=attempt, message=bounded_text(message), percent=whole)


class Reporter:
    """Reports of one attempt. `log`, `progress` and `emit` may be called from any thread, other methods on the loop.

    `emission`: takes emitted text, which no signal carries. `interval_sec`: None to signal nothing before the attempt
    ends. `max_bytes`: of all its log lines; further ones are counted, and told of once, at the end.
    """

    def __init__(
        self,
        node: str,
        attempt: int,
        send: Send,
        emission: Emission,
        *,
        interval_sec: float | None = INTERVAL_SEC,
        max_bytes: int = ATTEMPT_BYTES,
    ) -> None:
        self._node = node
        self._attempt = attempt
        self._send = send
        self.emission = emission
        self._interval_sec = interval_sec
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()
        self._batch = Batch(node, attempt, max_bytes)
        self._timer: asyncio.TimerHandle | None = None
        self._sending: asyncio.Task[None] | None = None
        self._settled = False

    def log(self, message: str, level: Level, data: dict[str, Any]) -> None:
        self.add(log_report(self._node, self._attempt, message, level, data))

    def progress(self, percent: float, message: str) -> None:
        self.add(progress_report(self._node, self._attempt, percent, message))

    def emit(self, text: str) -> None:
        self.emission.emit(text)

    def add(self, report: Report, dropped: int = 0) -> None:
        """Add a report. `dropped`: the log lines that were dropped before it on the way here."""
        self._batch.count_dropped(dropped)
        if report.kind == "progress":
            self._batch.set_progress(report)
        else:
            self._batch.add_line(report)
        self._wake()

    def count_dropped(self, lines: int) -> None:
        self._batch.count_dropped(lines)

    async def settle(self) -> tuple[Report, ...]:
        """Wait for a signal in progress, start no other, and return the reports that are left."""
        self._settled = True
        if self._timer is not None:
            self._timer.cancel()
        if self._sending is not None:
            await self._sending
        self._batch.close()
        return self._batch.take()

    async def flush(self, last: Report | None = None) -> None:
        """Signal what is left, and `last` after it, before the attempt ends."""
        reports = await self.settle()
        if last is not None:
            reports = (*reports, last)
        if reports:
            await self._signal(reports)

    def _wake(self) -> None:
        # In the context of the activity, which a thread that reports for it does not have.
        self._loop.call_soon_threadsafe(self._arm, context=self._context)

    def _arm(self) -> None:
        if self._interval_sec is None:
            return
        if self._timer is None and self._sending is None and not self._settled and self._batch:
            self._timer = self._loop.call_later(self._interval_sec, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._sending = self._loop.create_task(self._signal_batch())

    async def _signal_batch(self) -> None:
        await self._signal(self._batch.take())
        self._sending = None
        self._arm()

    async def _signal(self, reports: Sequence[Report]) -> None:
        """Send a batch. A failure does not affect the node: the reports go with the next batch."""
        try:
            await self._send(reports)
        except Exception:
            logger.warning("%d reports of node %s could not be sent", len(reports), self._node, exc_info=True)
            self._batch.put_back(reports)


class Batch:
    """Reports that wait for a signal: a bounded number of log lines, and the last progress only."""

    def __init__(self, node: str, attempt: int, max_bytes: int = ATTEMPT_BYTES) -> None:
        self._node = node
        self._attempt = attempt
        self._left = max_bytes
        self._beyond = 0
        self._closed = False
        self._lock = threading.Lock()
        self._reports: list[Report] = []
        self._lines = 0
        self._bytes = 0
        self._dropped = 0

    def __bool__(self) -> bool:
        return bool(self._reports)

    def add_line(self, line: Report) -> None:
        size = len(line.model_dump_json())
        with self._lock:
            if size > self._left:
                self._left = 0
                self._beyond += 1
                return
            if self._lines >= BATCH_LINES or self._bytes + size > BATCH_BYTES:
                self._dropped += 1
                return
            self._lines += 1
            self._bytes += size
            self._left -= size
            self._reports.append(line)

    def count_dropped(self, lines: int) -> None:
        with self._lock:
            self._dropped += lines

    def set_progress(self, progress: Report) -> None:
        with self._lock:
            self._reports = [report for report in self._reports if report.kind != "progress"]
            self._reports.append(progress)

    def take(self) -> tuple[Report, ...]:
        """Take all reports, and the count of the lines that were dropped."""
        with self._lock:
            reports, dropped = self._reports, self._dropped
            self._reports, self._lines, self._bytes, self._dropped = [], 0, 0, 0
            beyond, self._beyond = (self._beyond, 0) if self._closed else (0, self._beyond)
        if dropped:
            reports.append(self._drop_note(dropped, "too many at once"))
        if beyond:
            reports.append(self._drop_note(beyond, "the attempt has logged as much as it may (WAND_MAX_LOG_BYTES)"))
        return tuple(reports)

    def close(self) -> None:
        """Accept no more: the next `take` is the last, and counts the lines beyond the maximum."""
        self._closed = True

    def put_back(self, reports: Sequence[Report]) -> None:
        """Put unsent reports before newer ones; what then exceeds the bounds is dropped and counted."""
        later = self.take()
        with self._lock:  # what is put back was counted before
            self._left += sum(len(report.model_dump_json()) for report in (*reports, *later) if report.kind == "log")
        for report in (*reports, *later):
            if report.kind == "progress":
                self.set_progress(report)
            else:
                self.add_line(report)

    def _drop_note(self, dropped: int, why: str) -> Report:
        return Report(
            kind="log",
            node=self._node,
            attempt=self._attempt,
            level="warning",
            message=f"{dropped} further log lines were dropped: {why}",
            data={"dropped": dropped},
        )
