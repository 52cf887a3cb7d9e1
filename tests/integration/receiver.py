"""A receiver of webhooks on loopback: answers as it is told, and keeps what it was sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.waiting import eventually


@dataclass(frozen=True)
class Request:
    """Header names are in lower case."""

    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`answers`: statuses with their header lines, one a request, and 204 from then on. It answers while `open`."""

    url: str = ""
    answers: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def received(self, count: int) -> list[Request]:
        await eventually(lambda: len(self.requests) >= count)
        return self.requests

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await _read(reader))
        await self.open.wait()
        status = self.answers.pop(0) if self.answers else "204 No Content"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def receiving(*answers: str) -> AsyncIterator[Receiver]:
    receiver = Receiver(answers=list(answers))
    receiver.open.set()
    async with await asyncio.start_server(receiver.answer, "127.0.0.1", 0) as server:
        receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?token=in-the-query"
        yield receiver


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    return Request(first, headers, await reader.readexactly(int(headers["content-length"])))
