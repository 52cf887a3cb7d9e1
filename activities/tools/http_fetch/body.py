"""Reads a response's body up to a limit.

A few kilobytes of gzip can hold gigabytes, so decompression is bounded too: what counts is what comes out.
"""

import asyncio
import zlib
from collections.abc import Iterator

import httpx

from wand_orchestrator.errors import AgentError

ACCEPT_ENCODING = "gzip, deflate"

_GZIP = 16 + zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS
_FRAME_BYTES = 2
STEP_BYTES = 256 * 1024
"""Decompressed at once: a chunk of the network can hold a thousand times its size."""

_CODINGS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}


async def read_body(response: httpx.Response, max_bytes: int) -> bytes:
    """Return the decompressed body.

    Raises AgentError `body_too_large` above `max_bytes`, `content_encoding` for a coding that nobody asked for, and
    `body_broken` (retryable) for one that does not decompress.
    """
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    body = _Plain(max_bytes) if coding in ("", "identity") else _Compressed(max_bytes, coding)
    async for chunk in response.aiter_raw():
        for _ in body.add(chunk):
            await asyncio.sleep(0)
    return body.finish()


class _Plain:
    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._content = bytearray()

    def add(self, chunk: bytes) -> Iterator[None]:
        """Add data, yielding to other tasks in between. Raises AgentError `body_too_large`."""
        self._keep(chunk)
        yield

    def _keep(self, chunk: bytes) -> None:
        self._content += chunk
        if len(self._content) > self._max_bytes:
            raise AgentError(
                f"the body is larger than max_bytes, which is {self._max_bytes}",
                code="body_too_large",
                retryable=False,
                details={"max_bytes": self._max_bytes},
            )

    def finish(self) -> bytes:
        return bytes(self._content)


class _Compressed(_Plain):
    """Decompresses gzip (also of several members) and deflate (RFC 9110, 8.4.1), also without zlib's header, as
    browsers do.
    """

    def __init__(self, max_bytes: int, coding: str) -> None:
        super().__init__(max_bytes)
        if coding not in _CODINGS:
            raise AgentError(
                f"the body has the content coding {coding[:50]!r}, and {ACCEPT_ENCODING} was asked for",
                code="content_encoding",
                retryable=False,
            )
        self._window = _CODINGS[coding]
        self._stream: zlib._Decompress | None = None
        self._head = b""

    def add(self, chunk: bytes) -> Iterator[None]:
        if self._stream is None:
            self._head += chunk
            if len(self._head) < _FRAME_BYTES:
                return
            chunk = self._begin()
        more = bool(chunk)
        while more:
            if self._stream is None or self._stream.eof:
                self._stream = zlib.decompressobj(self._window)
            content = self._decompress(self._stream, chunk)
            self._keep(content)
            chunk = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            # All may have been taken in, and not all have come out yet.
            more = bool(chunk) or (len(content) == STEP_BYTES and not self._stream.eof)
            yield

    def finish(self) -> bytes:
        if self._head and (self._stream is None or not self._stream.eof):
            raise _broken()
        return super().finish()

    def _begin(self) -> bytes:
        """Choose the decompressor, and decompress what was held back until then."""
        if self._window == zlib.MAX_WBITS and not _is_zlib(self._head):
            self._window = _RAW
        self._stream = zlib.decompressobj(self._window)
        return self._head

    def _decompress(self, stream: "zlib._Decompress", chunk: bytes) -> bytes:
        try:
            return stream.decompress(chunk, STEP_BYTES)
        except zlib.error as error:
            raise _broken() from error


def _is_zlib(head: bytes) -> bool:
    """Return whether the bytes begin a zlib stream (RFC 1950, 2.2): the method is 8, and both bytes as a number are a
    multiple of 31.
    """
    return head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0


def _broken() -> AgentError:
    return AgentError("the compressed body is broken or ends too early", code="body_broken")
