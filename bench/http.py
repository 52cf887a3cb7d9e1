"""Implements a client that costs little beside what it measures: a thousand requests or subscribers on the server's
machine.

It speaks HTTP/1.1 with one server on loopback, over connections that it keeps.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

Json = dict[str, Any]

LIMIT_BYTES = 64 * 1024**2
KEPT_SEC = 2.0
"""A server closes a connection that is idle for longer, and nobody is told before the next request."""

SUCCEEDED = b"event: run.succeeded"
STREAM_END = b"0\r\n\r\n"


class Refused(Exception):
    """The server answered with an error; `status` is 0 if it was no answer of HTTP that can be read."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Http:
    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._idle: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, host: str, port: int) -> AsyncIterator["Http"]:
        http = cls(host, port)
        try:
            yield http
        finally:
            for _, _, writer in http._idle:
                writer.close()

    async def get(self, path: str) -> Any:
        return await self._request("GET", path, b"")

    async def post(self, path: str, body: Any) -> Any:
        return await self._request("POST", path, json.dumps(body).encode())

    async def subscribe(self, path: str) -> "Subscriber":
        """Return a subscriber, once the connection is open and the request has been written."""
        loop = asyncio.get_running_loop()
        request = f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode()
        _, subscriber = await loop.create_connection(lambda: Subscriber(request), self._host, self._port)
        return subscriber

    async def _request(self, method: str, path: str, body: bytes) -> Any:
        reader, writer = await self._connection()
        try:
            writer.write(
                f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            status, content = await _answer(reader)
        except BaseException:
            writer.close()
            raise
        self._idle.append((time.monotonic(), reader, writer))
        if status >= 400:
            raise Refused(f"{method} {path}: {status} {content[:500]!r}", status)
        return json.loads(content)

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            since, reader, writer = self._idle.pop()
            if time.monotonic() - since < KEPT_SEC:
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self._host, self._port, limit=LIMIT_BYTES)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return status and body of an answer; all but streams have a length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    _, _, length = head.partition("content-length: ")
    if not length:
        raise Refused(f"an answer without a length: {head!r}")
    return int(head.split(" ", 2)[1]), await reader.readexactly(int(length.split("\r\n", 1)[0]))


class Subscriber(asyncio.Protocol):
    """Records what arrives and when; the events are parsed afterwards. `ended_at`: the moment of the run's last event,
    by `time.perf_counter`, once `ended` is set.
    """

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._arrivals: list[tuple[float, bytes]] = []
        self._transport: asyncio.Transport | None = None
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self.ended_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._arrivals.append((time.time(), data))
        self.begun.set()
        if SUCCEEDED in data or data.endswith(STREAM_END):
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self.begun.set()
        self._end()

    @property
    def status(self) -> int:
        """The status of the answer, once it has `begun`; 0 if the connection ended before."""
        return int(self._arrivals[0][1].split(b" ", 2)[1]) if self._arrivals else 0

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _end(self) -> None:
        if not self.ended.is_set():
            self.ended_at = time.perf_counter()
            self.ended.set()

    def events(self) -> list[tuple[float, Json]]:
        """Return all events with the times, in seconds since 1970, at which they were complete."""
        text, bounds = b"", []
        for moment, data in self._arrivals:
            text += data
            bounds.append((len(text), moment))
        return list(_events(text, bounds))


def _events(text: bytes, bounds: list[tuple[int, float]]) -> Any:
    """Yield the events of lines that begin with `data: `, with the times of arrival; the framing of chunks is between
    them.
    """
    begin = 0
    which = 0
    while (begin := text.find(b"\ndata: ", begin)) >= 0:
        end = text.index(b"\n", begin + 1)
        while bounds[which][0] <= end:
            which += 1
        yield bounds[which][1], json.loads(text[begin + len(b"\ndata: ") : end])
        begin = end
