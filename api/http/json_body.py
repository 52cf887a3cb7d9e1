"""Reads a JSON body strictly, before FastAPI validates it.

A body without an end, too large, or not JSON throughout is refused with a reason, where FastAPI's own reading would let
it pass or answer with a 500.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.responses import Response

from wand_orchestrator.api.http.body_budget import BodyBudget
from wand_orchestrator.api.http.body_errors import arriving
from wand_orchestrator.api.http.strict_route import StrictRoute, media_type_of
from wand_orchestrator.errors import TooLarge
from wand_orchestrator.graphs.strict_json import parse_json

LARGE_BYTES = 100_000
"""A larger body is parsed in a thread, so that other callers need not wait."""


BODY_READ_SEC = 60.0
"""Time for a body to come in, while it may hold others up."""

BUDGET_BYTES = 64 * 1024**2
"""Of large bodies that are worked on at once, together."""


@dataclass(frozen=True)
class BodyLimit:
    """Contains how large a body may be, the limit in words, and the budget in which a large one takes its place."""

    most_bytes: int
    named: str
    budget: BodyBudget


class JsonRoute(StrictRoute):
    """A route whose body is JSON of at most `settings.max_document_bytes`."""

    def parse(self, request: Request, raw: bytes) -> Any:
        """Return the value of the body. Raises BadRequest."""
        return parse_json(raw)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle
        required = self.body_field.field_info.is_required()

        async def read_and_handle(request: Request) -> Response:
            if required:
                self.require_type(request)
            async with AsyncExitStack() as places:
                raw = await read_body(request, places, _document_limit(request))
                if not raw and not required:
                    return await handle(ParsedRequest(request, raw, None))
                self.require_type(request)
                large = len(raw) > LARGE_BYTES
                value = await asyncio.to_thread(self.parse, request, raw) if large else self.parse(request, raw)
                return await handle(ParsedRequest(request, raw, value))

        return read_and_handle


class ParsedRequest(Request):
    """A request whose body has been read and parsed. `media_type`: of the body as it came."""

    def __init__(self, request: Request, raw: bytes, value: Any) -> None:
        self.media_type = media_type_of(request)
        super().__init__({**request.scope, "headers": _as_json(request)}, request.receive)
        self._raw = raw
        self._value = value

    async def body(self) -> bytes:
        return self._raw

    async def json(self) -> Any:
        return self._value


def _as_json(request: Request) -> list[tuple[bytes, bytes]]:
    """Return the headers with JSON as the type: FastAPI parses only a body that is declared as JSON."""
    others = [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]
    return [*others, (b"content-type", b"application/json")]


async def read_body(request: Request, places: AsyncExitStack, allowed: BodyLimit) -> bytes:
    """Return the whole body; a large one holds its place in the budget until `places` closes.

    A body that says how long it is need not be read to be refused. Raises TooLarge, BodyTimeout, BadRequest, Busy.
    """
    limit, announced = allowed.most_bytes, request.headers.get("content-length", "")
    length = int(announced) if announced.isdecimal() and len(announced) < 20 else limit + 1 if announced else None
    if length is not None and length > limit:
        raise _too_large(allowed)
    if length is not None and length > LARGE_BYTES:
        await places.enter_async_context(allowed.budget.place(length))
    body, has_place = bytearray(), length is not None
    with arriving(f"the body did not come within {BODY_READ_SEC:g} s"):
        async with asyncio.timeout(BODY_READ_SEC):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise _too_large(allowed)
                if not has_place and len(body) > LARGE_BYTES:
                    has_place = True
                    await places.enter_async_context(allowed.budget.place(limit))
    return bytes(body)


def _document_limit(request: Request) -> BodyLimit:
    state = request.app.state
    return BodyLimit(state.settings.max_document_bytes, "the limit set by WAND_MAX_DOCUMENT_BYTES", state.bodies)


def _too_large(allowed: BodyLimit) -> TooLarge:
    return TooLarge(f"the body is larger than {allowed.most_bytes} bytes, {allowed.named}")
