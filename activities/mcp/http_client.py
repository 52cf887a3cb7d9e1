"""The HTTP client of connections to MCP servers: it bounds answers, and remembers why a request of MCP got none.

The SDK gives a caller no status and ends the whole session when a request finds nobody. So a request that fails gets an
answer of this client's own, which ends that request alone; who sent it asks `Requests` for the reason.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpx2

from wand_orchestrator.activities.mcp.mcp_limits import MAX_MESSAGE_BYTES

_UNREACHED = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)

_SERVICE_UNAVAILABLE = 503
_REQUEST_TIMEOUT = 408
_OF_THE_CALLER = frozenset({401, 403, _REQUEST_TIMEOUT, 429})
"""Statuses that say nothing of the session. Others from 400 to 499 come as a rule of a server that was started anew: it
knows the session no more, and not every one says so with 404."""


@dataclass
class Unanswered:
    """Why a request got no answer of MCP. `done`: whether it may have been carried out all the same.

    `answered`: whether the body may say more, as an error of the protocol.
    """

    reason: str
    done: bool
    status: int | None = None
    retry_after: float | None = None
    answered: bool = False

    @property
    def ends_the_session(self) -> bool:
        return self.status is not None and self.status < 500 and self.status not in _OF_THE_CALLER


_refusals: ContextVar[list[Unanswered] | None] = ContextVar("_refusals", default=None)


@contextmanager
def noting_refusals() -> Iterator[list[Unanswered]]:
    """Return the list of what refuses the requests of this block: the SDK sends them in the context of who asks."""
    noted: list[Unanswered] = []
    token = _refusals.set(noted)
    try:
        yield noted
    finally:
        _refusals.reset(token)


class McpHttpClient(httpx2.AsyncClient):
    """An HTTP client for one server."""

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        try:
            response = await super().send(request, **options)
        except _UNREACHED as error:
            return _instead(request, Unanswered(f"nobody answers at its address ({type(error).__name__})", done=False))
        except httpx2.TransportError as error:
            return _instead(request, Unanswered(f"the connection broke ({type(error).__name__})", done=True))
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            return _instead(request, Unanswered("it compresses its answers, although it was asked not to", done=True))
        if request.method == "POST" and response.status_code >= 400:
            _note(_of(response))
        if not response.headers.get("content-type", "").lower().startswith("text/event-stream"):
            assert isinstance(response.stream, httpx2.AsyncByteStream)
            response.stream = Bounded(response.stream)
        return response


def _instead(request: httpx2.Request, refusal: Unanswered) -> httpx2.Response:
    _note(refusal)
    return httpx2.Response(502, request=request)


def _note(refusal: Unanswered) -> None:
    noted = _refusals.get()
    if noted is not None:
        noted.append(refusal)


def _of(response: httpx2.Response) -> Unanswered:
    status = response.status_code
    seconds = response.headers.get("retry-after", "")
    wait = float(seconds) if seconds.isdecimal() and len(seconds) < 6 else None
    done = status == _REQUEST_TIMEOUT or (status >= 500 and status != _SERVICE_UNAVAILABLE)
    return Unanswered(f"it answers with the HTTP status {status}", done, status, wait, _is_json(response))


def _is_json(response: httpx2.Response) -> bool:
    return response.headers.get("content-type", "").lower().startswith("application/json")


class Bounded(httpx2.AsyncByteStream):
    """The body of an answer, as long as it is not too large."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        taken = 0
        try:
            async for chunk in self._stream:
                taken += len(chunk)
                if taken > MAX_MESSAGE_BYTES:
                    _note(Unanswered(f"its answer has more than {MAX_MESSAGE_BYTES} bytes", done=True))
                    raise httpx2.StreamError("too large")  # which the SDK takes for the end of this one answer
                yield chunk
        except httpx2.TransportError as error:
            _note(Unanswered(f"its answer broke off ({type(error).__name__})", done=True))
            raise httpx2.StreamError("broken off") from error

    async def aclose(self) -> None:
        await self._stream.aclose()
