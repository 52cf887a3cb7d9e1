"""Serves one file over HTTP on loopback, for the demo's agent to fetch."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wand_orchestrator.cli.processes.ports import LOOPBACK


@asynccontextmanager
async def serve_file(name: str, content: bytes, media_type: str) -> AsyncIterator[str]:
    """Serve the file for every request while the block runs; yields its URL."""
    fields = {"Content-Type": media_type, "Content-Length": len(content), "Connection": "close"}
    head = "\r\n".join(["HTTP/1.1 200 OK", *(f"{field}: {value}" for field, value in fields.items()), "", ""])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head.encode() + content)
            await writer.drain()
        finally:
            writer.close()

    async with await asyncio.start_server(answer, LOOPBACK, 0) as server:
        yield f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}/{name}"
