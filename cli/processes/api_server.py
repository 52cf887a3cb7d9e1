"""The API's HTTP server, which runs in the caller's event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

import uvicorn
from fastapi import FastAPI

from wand_orchestrator.api.app import end_streams
from wand_orchestrator.cli.processes.http_protocol import max_connections, protocol_for
from wand_orchestrator.cli.processes.ports import BACKLOG, listen
from wand_orchestrator.errors import WandError
from wand_orchestrator.settings import Settings

DRAIN_SEC = 3
"""Time that requests in progress have when the server stops; streams are ended before."""

KEEP_ALIVE_SEC = 75
"""An idle connection is closed by the client, which knows that it has: closed by the server, as uvicorn does after 5 s,
just when a client with the same patience (httpx) sends its next request, that request is lost."""

_POLL_SEC = 0.01


def listen_for_api(settings: Settings) -> socket.socket:
    return listen(settings.host, settings.port, what="the API", flag="--port")


@asynccontextmanager
async def serving(
    app: FastAPI, listener: socket.socket, *, limit: int | None = None
) -> AsyncIterator["asyncio.Task[None]"]:
    """Serve the application while the block runs: it answers when the block is entered; the listener is closed at its
    end.

    Gives the task that serves, which nothing else should end. `limit`: connections at once; by default as many as
    there can be open files.
    """
    server = _Server(
        uvicorn.Config(
            app,
            http=protocol_for(max_connections() if limit is None else limit),
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SEC,
            timeout_graceful_shutdown=DRAIN_SEC,
        )
    )
    task = asyncio.create_task(server.serve([listener]), name="serves the API")
    try:
        await _started(server, task)
        yield task
    finally:
        await end_streams(app)
        server.should_exit = True
        await asyncio.wait({task})
        listener.close()


class _Server(uvicorn.Server):
    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Do nothing: the command handles signals, as it stops more than the server."""
        return nullcontext()


async def _started(server: uvicorn.Server, task: "asyncio.Task[None]") -> None:
    while not server.started:
        if task.done():
            raise WandError("the API could not start; the lines above say why")
        await asyncio.sleep(_POLL_SEC)


def url_of(host: str, port: int) -> str:
    """Return the URL at which this machine reaches the server."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"
