"""The HTTP client by which models are called: it bounds what a server sends, whatever that is.

The libraries of providers read bodies of errors, and events of a stream, as a whole, and unpack what is compressed.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx2

from wand_orchestrator.errors import InternalError

TIMEOUT = httpx2.Timeout(600, connect=5)
"""Of requests that have no `timeout` of their own, as the library has it."""

EVENT_SHARE, STREAM_SHARE = 4, 100
"""Bytes of one event, and of a whole stream, for each byte that a reply may have: events escape text, repeat it at the
end, and have a head of some 200 bytes for each token."""

_LEAST = 1024**2
_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")
"""Of events."""


class EndlessReply(InternalError):
    """A server sends more than any reply within its bounds can take."""


class ModelHttpClient(httpx2.AsyncClient):
    """A client for the server of one model. `reply_bytes`: of a reply, at most."""

    def __init__(self, reply_bytes: int) -> None:
        super().__init__(timeout=TIMEOUT)
        self._reply_bytes = reply_bytes

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        response = await super().send(request, **(options | {"stream": True}))
        if response.headers.get("Content-Encoding", "identity") != "identity":
            await response.aclose()
            raise EndlessReply("it compresses what it sends, although it was asked not to")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Bounded(response, self._reply_bytes)
        if not options.get("stream"):
            await response.aread()
        return response


class _Bounded(httpx2.AsyncByteStream):
    """The body of an answer, as long as it is not too large."""

    def __init__(self, response: httpx2.Response, reply_bytes: int) -> None:
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        self._stream = response.stream
        self._most_at_once = EVENT_SHARE * reply_bytes + _LEAST
        streams = response.headers.get("Content-Type", "").lower().startswith("text/event-stream")
        self._most = STREAM_SHARE * reply_bytes + _LEAST if streams else self._most_at_once

    async def __aiter__(self) -> AsyncIterator[bytes]:
        taken = at_once = 0
        tail = b""
        async for chunk in self._stream:
            tail += chunk
            end = max(map(tail.rfind, _ENDS))
            at_once = at_once + len(chunk) if end < 0 else len(tail) - end
            taken += len(chunk)
            tail = tail[-3:]
            if at_once > self._most_at_once or taken > self._most:
                raise EndlessReply(f"it sends more than {taken if taken > self._most else at_once} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
