"""Opens the two ends of a connection to an MCP server: over the pipes of a process, or over streamable HTTP."""

import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
from mcp.client.stdio import StdioServerParameters, get_default_environment, stdio_client
from mcp.client.streamable_http import streamable_http_client

from wand_orchestrator.activities.mcp.config import HttpServer, ServerConfig, StdioServer
from wand_orchestrator.activities.mcp.failures import unavailable
from wand_orchestrator.activities.mcp.http_client import McpHttpClient
from wand_orchestrator.activities.mcp.mcp_limits import MAX_MESSAGE_BYTES
from wand_orchestrator.activities.mcp.server_log import ServerLog, logged

GUARD = Path(__file__).with_name("guard.py")

SILENCE_SEC = 24 * 3600.0
"""Between two bytes of an answer: how long a call may take is the node's to say."""

Streams = tuple[Any, Any]


@asynccontextmanager
async def opened(config: ServerConfig, log: ServerLog, on_end: Callable[[], None]) -> AsyncIterator[Streams]:
    """Open a connection. `on_end` is called when the server has closed it. Raises AgentError."""
    name, server = config.name, config.transport
    opening = _stdio(name, server, log) if isinstance(server, StdioServer) else _http(server)
    async with opening as (read, write):
        yield Watched(read, on_end), write


@asynccontextmanager
async def _stdio(name: str, server: StdioServer, log: ServerLog) -> AsyncIterator[Streams]:
    path = {**get_default_environment(), **server.env}.get("PATH")
    command = shutil.which(server.command, path=path) if server.cwd is None else server.command
    if command is None:
        raise unavailable(name, f"its command {server.command} is not found")
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-I", "-S", str(GUARD), str(MAX_MESSAGE_BYTES), command, *server.args],
        env=dict(server.env),
        cwd=server.cwd,
    )
    async with logged(log) as errors, stdio_client(parameters, errlog=errors) as streams:
        yield streams


@asynccontextmanager
async def _http(server: HttpServer) -> AsyncIterator[Streams]:
    async with (
        McpHttpClient(
            headers={**server.headers, "Accept-Encoding": "identity"}, timeout=httpx2.Timeout(30.0, read=SILENCE_SEC)
        ) as client,
        streamable_http_client(server.url, http_client=client, max_sse_event_size=MAX_MESSAGE_BYTES) as streams,
    ):
        yield streams


class Watched:
    """The reading end of a connection; tells when the server has closed it."""

    def __init__(self, stream: Any, on_end: Callable[[], None]) -> None:
        self._stream = stream
        self._on_end = on_end

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __aiter__(self) -> "Watched":
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except (StopAsyncIteration, anyio.ClosedResourceError):
            self._on_end()
            raise

    async def __aenter__(self) -> "Watched":
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> Any:
        return await self._stream.__aexit__(*error)
