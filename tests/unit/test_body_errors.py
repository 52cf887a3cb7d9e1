"""What a caller is told of a body that does not come, however it is read."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from fastapi import Request
from starlette.types import Message

from wand_orchestrator.api.http import json_body, multipart
from wand_orchestrator.api.http.body_budget import BodyBudget
from wand_orchestrator.api.http.body_errors import BodyTimeout
from wand_orchestrator.errors import BadRequest


async def _whole(request: Request) -> None:
    async with AsyncExitStack() as places:
        await json_body.read_body(request, places, json_body.BodyLimit(1000, "a limit", BodyBudget(1000)))


async def _by_piece(request: Request) -> None:
    async for _ in multipart.pieces(request):
        pass


READINGS = pytest.mark.parametrize("read", [_whole, _by_piece])
Reading = Callable[[Request], Awaitable[None]]


def _request(receive: Callable[[], Awaitable[Message]]) -> Request:
    return Request({"type": "http", "method": "POST", "path": "/", "headers": []}, receive)


@READINGS
async def test_a_caller_who_is_gone_is_a_bad_request(read: Reading) -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(BadRequest, match="the connection closed before the body was complete"):
        await read(_request(gone))


@READINGS
async def test_a_body_that_does_not_come_is_a_timeout(read: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_body, "BODY_READ_SEC", 0.0)
    monkeypatch.setattr(multipart, "IDLE_SEC", 0.0)

    async def never() -> Message:
        return await asyncio.Future()

    with pytest.raises(BodyTimeout, match=r"came for 0 s|come within 0 s") as raised:
        await read(_request(never))
    assert (raised.value.status, raised.value.code) == (408, "request_timeout")
