"""Prefect: a flow whose nodes are tasks, with a server of its own over SQLite. See `bench.peers.protocol`."""

import asyncio
import os
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from bench.peers.local_server import free_ports, running, wait_until_answered

START_SEC = 90.0

RETRIES = 1000
"""Its server refuses what it cannot write in time, as it does with a hundred flows at once; by default a flow gives up
after five refusals."""


@contextmanager
def server(folder: Path) -> Iterator[None]:
    """Start Prefect's server. Prefect reads its address when it is imported, so it is imported afterwards."""
    (port,) = free_ports(1)
    os.environ["PREFECT_HOME"] = str(folder)
    os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
    os.environ["PREFECT_CLIENT_MAX_RETRIES"] = str(RETRIES)
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with running([*command, "--no-ui"]) as process:
        health = f"http://127.0.0.1:{port}/api/health"
        wait_until_answered(lambda: urllib.request.urlopen(health, timeout=5).close(), process, START_SEC)
        yield


async def main() -> None:
    from prefect import flow, task

    from bench.peers.protocol import serve_async

    @task
    async def step(value: int) -> int:
        return value + 1

    @flow
    async def layers(widths: list[int]) -> int:
        values = [0]
        for width in widths:
            values = await asyncio.gather(*(step(values[place % len(values)]) for place in range(width)))
        return values[0]

    async def measure(widths: list[int], runs: int) -> list[int]:
        return list(await asyncio.gather(*(layers(widths) for _ in range(runs))))

    await serve_async(output, f"Prefect {version('prefect')}, its server over SQLite", measure)


if __name__ == "__main__":
    from bench.peers.protocol import own_output

    output = own_output()
    with server(Path(sys.argv[1])):
        asyncio.run(main())
