"""Sends the reports of an attempt from the host to the worker, which batches and signals them.

An agent that logs in a loop must not keep the worker busy with reading it: in every interval only as many lines leave
the host as a batch has place for, and the rest is counted.
"""

import threading
import time
from typing import Any

from wand_orchestrator.activities.host.frames import FrameWriter, encoded
from wand_orchestrator.activities.host.hosted_text import HostedText
from wand_orchestrator.activities.host.order import Order
from wand_orchestrator.activities.runner.reports import (
    BATCH_BYTES,
    BATCH_LINES,
    INTERVAL_SEC,
    log_report,
    progress_report,
)
from wand_orchestrator.contract.events import Level
from wand_orchestrator.contract.node import (
    Report,
)


class HostedReports:
    """Accepts reports from any thread. `settle` is called once, when nothing of the attempt runs any more."""

    def __init__(self, writer: FrameWriter, id: int, order: Order) -> None:
        self._writer = writer
        self._id = id
        self._node = order.node_id
        self._attempt = order.number
        self._lock = threading.Lock()
        self._begun = 0.0
        self._lines = 0
        self._bytes = 0
        self._dropped = 0
        self._progress: Report | None = None
        self._text = HostedText(writer, id)

    def emit(self, text: str) -> None:
        self._text.emit(text)

    def pace(self, interval_sec: float) -> None:
        """Send text as often as this from now on."""
        self._text.interval_sec = interval_sec

    def log(self, message: str, level: Level, data: dict[str, Any]) -> None:
        report = log_report(self._node, self._attempt, message, level, data)
        with self._lock:
            if not self._write(report):
                self._dropped += 1

    def progress(self, percent: float, message: str) -> None:
        report = progress_report(self._node, self._attempt, percent, message)
        with self._lock:
            self._progress = None if self._write(report) else report

    def settle(self) -> int:
        """Write the text and the last progress that are still due; return the number of lines that were dropped."""
        self._text.flush()
        with self._lock:
            if self._progress is not None:
                self._writer.write(self._frame(self._progress))
                self._dropped = 0
            return self._dropped

    def _write(self, report: Report) -> bool:
        """Write a report; return False if this interval has no room for it."""
        data = encoded(self._frame(report))
        now = time.monotonic()
        if now - self._begun >= INTERVAL_SEC:
            self._begun, self._lines, self._bytes = now, 0, 0
        if self._lines >= BATCH_LINES or self._bytes + len(data) > BATCH_BYTES:
            return False
        self._lines += 1
        self._bytes += len(data)
        self._dropped = 0
        self._writer.write_encoded(data)
        return True

    def _frame(self, report: Report) -> dict[str, Any]:
        return {"kind": "report", "id": self._id, "report": report.model_dump(mode="json"), "dropped": self._dropped}
