"""A page on loopback, for agents to fetch."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def serve_page(body: str, media_type: str) -> AsyncIterator[str]:
    """Answers every request with `body`; gives the URL."""
    content = body.encode()
    fields = {"Content-Type": media_type, "Content-Length": len(content), "Connection": "close"}
    head = "\r\n".join(["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in fields.items()), "", ""])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode() + content)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
