"""Sends the text that an attempt emits from the host to the worker: the first at once, what follows in batches.

A model emits some hundred pieces a second, and an agent may emit one a character. Each frame costs both processes time,
so they are few while nobody in the worker's process waits for the text; and of an agent that emits faster than anybody
reads, only the last part is sent.
"""

import asyncio
import threading
import time

from wand_orchestrator.activities.host.frames import FrameWriter
from wand_orchestrator.temporal.emission_feed import UNHEARD_SEC

FRAME_CHARACTERS = 64 * 1024
"""Code points of one frame; what an interval brings beyond them loses its beginning."""


class HostedText:
    """Accepts text from any thread. Created on the event loop, which sends what waits; `flush` sends it at once.

    `interval_sec`: between two frames; the worker sets it.
    """

    def __init__(self, writer: FrameWriter, id: int) -> None:
        self.interval_sec = UNHEARD_SEC
        self._writer = writer
        self._id = id
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting: list[str] = []
        self._offset = 0
        self._sent_at = float("-inf")
        self._armed = False

    def emit(self, text: str) -> None:
        with self._lock:
            self._waiting.append(text)
            due = self._sent_at + self.interval_sec - time.monotonic()
            if due <= 0:
                self._send()
            elif not self._armed:
                self._armed = True
                self._loop.call_soon_threadsafe(self._loop.call_later, due, self._fire)

    def flush(self) -> None:
        with self._lock:
            self._send()

    def _fire(self) -> None:
        with self._lock:
            self._armed = False
            self._send()

    def _send(self) -> None:
        text = "".join(self._waiting)
        self._waiting.clear()
        if not text:
            return
        self._sent_at = time.monotonic()
        self._offset += len(text)
        text = text[-FRAME_CHARACTERS:]
        self._writer.write({"kind": "text", "id": self._id, "offset": self._offset - len(text), "text": text})
