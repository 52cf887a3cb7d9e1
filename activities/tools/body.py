"""Reads a response's body, and never more of it than is asked for.

A few kilobytes of gzip can hold gigabytes, so decompression is bounded too: what counts is what comes out.
"""

import zlib

import httpx

from wand_orchestrator.errors import AgentError

ACCEPT_ENCODING = "gzip, deflate"

_GZIP = 16 + zlib.MAX_WBITS
_CODINGS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}


async def read_body(response: httpx.Response, max_bytes: int) -> bytes:
    """The body, decompressed.

    Raises AgentError `body_too_large` above `max_bytes`, `content_encoding` for a coding that nobody asked for, and
    `body_broken` (retryable) for one that does not decompress.
    """
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    body = _Plain(max_bytes) if coding in ("", "identity") else _Compressed(max_bytes, coding)
    async for chunk in response.aiter_raw():
        body.add(chunk)
    return body.finish()


class _Plain:
    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._content = bytearray()

    def add(self, chunk: bytes) -> None:
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
    """gzip (of several members too) and deflate (RFC 9110, 8.4.1)."""

    def __init__(self, max_bytes: int, coding: str) -> None:
        super().__init__(max_bytes)
        if coding not in _CODINGS:
            raise AgentError(
                f"the body has the content coding {coding[:50]!r}, and {ACCEPT_ENCODING} was asked for",
                code="content_encoding",
                retryable=False,
            )
        self._window = _CODINGS[coding]
        self._stream = zlib.decompressobj(self._window)
        self._begun = False

    def add(self, chunk: bytes) -> None:
        self._begun = True
        while chunk:
            if self._stream.eof:
                self._stream = zlib.decompressobj(self._window)
            room = self._max_bytes - len(self._content)
            super().add(self._decompress(chunk, room + 1))
            chunk = self._stream.unused_data

    def finish(self) -> bytes:
        if self._begun and not self._stream.eof:
            raise _broken()
        return super().finish()

    def _decompress(self, chunk: bytes, most: int) -> bytes:
        try:
            return self._stream.decompress(chunk, most)
        except zlib.error as error:
            raise _broken() from error


def _broken() -> AgentError:
    return AgentError("the compressed body is broken or ends too early", code="body_broken")
