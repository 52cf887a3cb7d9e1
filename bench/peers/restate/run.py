"""Restate: its server, a service behind it, and callers through its HTTP ingress. See `bench.peers.protocol`."""

import asyncio
import json
import os
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path

from bench.peers.local_server import connect, free_ports, running, wait_until_answered
from bench.peers.protocol import own_output, serve_async

HERE = Path(__file__).parent
SERVER = Path(sys.prefix) / "node_modules" / ".bin" / "restate-server"
START_SEC = 60.0


@contextmanager
def restate(folder: Path) -> Iterator[int]:
    """Run Restate; yield the port of its ingress."""
    fabric, ingress, admin, service = free_ports(4)
    settings = {
        "RESTATE_BASE_DIR": str(folder / "restate"),
        "RESTATE_LISTEN_MODE": "tcp",
        "RESTATE_BIND_IP": "127.0.0.1",
        "RESTATE_BIND_PORT": str(fabric),
        "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ingress}",
        "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{admin}",
        "RESTATE_DISABLE_TELEMETRY": "true",
        "RESTATE_ADMIN__DISABLE_WEB_UI": "true",
        "RESTATE_LOG_FILTER": "warn",
    }
    hypercorn = [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{service}", "service:app"]
    with (
        running([str(SERVER), "--no-logo"], cwd=HERE, env=os.environ | settings) as server,
        running(hypercorn, cwd=HERE) as behind,
    ):
        wait_until_answered(partial(connect, service), behind, START_SEC)
        wait_until_answered(partial(connect, ingress), server, START_SEC)
        wait_until_answered(partial(register, admin, service), server, START_SEC)
        yield ingress


def register(admin: int, service: int) -> None:
    """Register the service. Raises OSError if the server is not ready for it."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{admin}/deployments",
        json.dumps({"uri": f"http://127.0.0.1:{service}"}).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=10).close()


async def call(ingress: int, widths: list[int]) -> int:
    """Call the service over a connection of its own: the ingress is on this machine."""
    body = json.dumps(widths).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", ingress)
    writer.write(
        b"POST /Layers/run HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    answer = await reader.read()
    writer.close()
    head, _, content = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise RuntimeError(answer.decode())
    return int(content)


async def main(folder: Path) -> None:
    output = own_output()
    with restate(folder) as ingress:

        async def measure(widths: list[int], runs: int) -> list[int]:
            return await asyncio.gather(*(call(ingress, widths) for _ in range(runs)))

        await serve_async(output, f"Restate, SDK {version('restate-sdk')}", measure)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
