"""A subscriber that comes back with `Last-Event-ID` whatever happens to the server."""

import json
import threading
from typing import Any

import httpx

from tests.acceptance.wand_command import HTTP

ENDINGS = ("run.succeeded", "run.failed", "run.cancelled", "run.timed_out", "run.terminated")
RETRY_SEC = 0.05


class EventLog:
    """Follows a run in a thread, from `with` to its end. `deltas`: the text that came between the events."""

    def __init__(self, url: str, run_id: str) -> None:
        self._url = f"{url}/runs/{run_id}/stream"
        self._thread = threading.Thread(target=self._follow, name=f"events of {run_id}")
        self._stop = threading.Event()
        self.events: list[dict[str, Any]] = []
        self.deltas: list[dict[str, Any]] = []
        self.connections = 0

    def __enter__(self) -> "EventLog":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def seen(self, type: str, node: str | None = None) -> bool:
        return any(event["type"] == type and node in (None, event["node"]) for event in self.events)

    @property
    def ended(self) -> bool:
        return bool(self.events) and self.events[-1]["type"] in ENDINGS

    def _follow(self) -> None:
        while not (self.ended or self._stop.is_set()):
            try:
                self._read()
            except httpx.TransportError:
                self._stop.wait(RETRY_SEC)

    def _read(self) -> None:
        last = self.events[-1]["seq"] if self.events else 0
        timeout = httpx.Timeout(5, read=30)
        with HTTP.stream("GET", self._url, headers={"Last-Event-ID": str(last)}, timeout=timeout) as answer:
            self.connections += answer.status_code == 200
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    event = json.loads(line.removeprefix("data: "))
                    (self.events if "seq" in event else self.deltas).append(event)
                if self._stop.is_set():
                    return
