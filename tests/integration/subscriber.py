"""A subscriber of a run's events over a plain socket: cheap enough for a thousand, and as slow as it is told to be."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]


class Subscriber:
    """`open` asks; `events` reads, until the stream ends."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.status = 0

    @classmethod
    async def open(cls, url: str, run_id: str, after: int | None = None, buffer: int = 64 * 1024) -> "Subscriber":
        """Gives it when the server has answered. `buffer`: bytes that the kernel takes although nobody reads."""
        parts = urlsplit(url)
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, (parts.hostname, parts.port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=64 * 1024)
        resume = "" if after is None else f"Last-Event-ID: {after}\r\n"
        writer.write(f"GET /runs/{run_id}/stream HTTP/1.1\r\nHost: {parts.netloc}\r\n{resume}\r\n".encode())
        subscriber = cls(reader, writer)
        head = await reader.readuntil(b"\r\n\r\n")
        subscriber.status = int(head.split(b" ", 2)[1])
        return subscriber

    async def events(self) -> AsyncIterator[Json]:
        """Each once it has come whole."""
        buffered = b""
        while True:
            size = int((await self._reader.readuntil(b"\r\n")).strip(), 16)
            buffered += (await self._reader.readexactly(size + 2))[:-2]
            *frames, buffered = buffered.split(b"\n\n")
            for frame in frames:
                if (event := _event(frame)) is not None:
                    yield event
            if size == 0:
                return

    async def aclose(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return


def _event(frame: bytes) -> Json | None:
    """None for a comment. Checks that `id` and `event` say what `data` says; a delta has no id."""
    lines = dict(line.split(": ", 1) for line in frame.decode().splitlines() if not line.startswith(":"))
    if not lines:
        return None
    event: Json = json.loads(lines["data"])
    assert lines.get("id") == (None if event["type"] == "node.delta" else str(event["seq"]))
    assert lines["event"] == event["type"]
    return event
