"""Connections that never finish, or never read, keep nobody else out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import StreamingResponse

from wand_orchestrator.cli.processes import http_protocol
from wand_orchestrator.cli.processes.api_server import serving, url_of
from wand_orchestrator.cli.processes.http_protocol import MAX_CONNECTIONS, max_connections
from wand_orchestrator.cli.processes.ports import LOOPBACK, listen, port_of

PIECE = b"x" * 1_000_000


class _Services:
    """What the server ends before it stops."""

    @property
    def relay(self) -> "_Services":
        return self

    async def close(self) -> None:
        return


@asynccontextmanager
async def served(limit: int) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """The port, and what says that a stream was given up."""
    app, given_up = FastAPI(), asyncio.Event()
    app.state.services = _Services()

    @app.get("/")
    async def quick() -> str:
        return "here"

    @app.get("/endless")
    async def endless() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield PIECE
                    await asyncio.sleep(0)  # as every real source waits for something
            finally:
                given_up.set()

        return StreamingResponse(pieces())

    listener = listen(LOOPBACK, 0, what="", flag="")
    port = port_of(listener)
    async with serving(app, listener, limit=limit):
        yield port, given_up


async def _answers(port: int) -> bool:
    async with httpx.AsyncClient(base_url=url_of(LOOPBACK, port)) as http:
        return (await http.get("/")).status_code == 200


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _unfinished(port: int) -> Connection:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
    await writer.drain()
    return reader, writer


async def _ended(connection: Connection) -> None:
    reader, writer = connection
    try:
        while await reader.read(1_000_000):
            pass
    except ConnectionError:
        pass
    writer.close()


async def test_many_that_never_finish_their_request_keep_nobody_out() -> None:
    async with served(limit=20) as (port, _):
        slow = [await _unfinished(port) for _ in range(100)]
        assert await _answers(port)
        await asyncio.gather(*(_ended(each) for each in slow[:80]))  # the oldest had to go
        for _, writer in slow:
            writer.close()


async def test_a_request_has_its_time_for_its_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEADER_SEC", 0.2)
    async with served(limit=20) as (port, _):
        await _ended(await _unfinished(port))
        silent = await asyncio.open_connection(LOOPBACK, port)
        await _ended(silent)


async def test_a_connection_that_is_kept_may_be_quiet_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(limit=20) as (port, _), httpx.AsyncClient(base_url=url_of(LOOPBACK, port)) as http:
        assert (await http.get("/")).status_code == 200
        monkeypatch.setattr(http_protocol, "HEADER_SEC", 0)
        silent = await asyncio.open_connection(LOOPBACK, port)
        await _ended(silent)
        monkeypatch.undo()
        assert (await http.get("/")).status_code == 200


async def test_who_does_not_read_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "STALLED_SEC", 0.2)
    async with served(limit=20) as (port, given_up):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"GET /endless HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        async with asyncio.timeout(30):
            await given_up.wait()
        await _ended((reader, writer))


def test_there_are_fewer_connections_than_open_files() -> None:
    assert 16 <= max_connections() <= MAX_CONNECTIONS
