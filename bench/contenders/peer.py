"""Runs another system by its script, in an environment of its own."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.peers.catalogue import PeerSpec
from bench.servers import START_SEC, child
from bench.shapes import Shape

QUIET = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "LANGSMITH_TRACING": "false"}
"""No telemetry; what a peer needs beyond this, its script sets."""


class PeerFailed(Exception):
    """The peer did not start, or did not do its task."""


class Peer:
    """A running peer. `version`: as the peer reports it."""

    def __init__(self, process: asyncio.subprocess.Process, version: str) -> None:
        self.version = version
        self._process = process

    @classmethod
    @asynccontextmanager
    async def open(cls, spec: PeerSpec, folder: Path) -> AsyncIterator["Peer"]:
        command = [str(spec.python), str(spec.script), str(folder), spec.backend]
        settings = QUIET | {"PATH": f"{spec.environment / 'bin'}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
        async with child(command, folder, spec.name, piped=True, **settings) as process:
            async with asyncio.timeout(START_SEC):
                hello = await _heard(process)
            yield cls(process, str(hello["ready"]))

    async def run(self, shape: Shape, runs: int = 1) -> float:
        """Return the seconds from the start of so many runs at once to their results, on the peer's own clock."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"layers": shape.layers, "runs": runs}).encode() + b"\n")
        return float((await _heard(self._process))["seconds"])


async def _heard(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise PeerFailed("its process has ended; see its log")
    message: dict[str, Any] = json.loads(line)
    if "error" in message:
        raise PeerFailed(message["error"])
    return message
