"""Reads a body of `multipart/form-data` (RFC 7578) part by part, as it comes.

FastAPI's own reading wants the whole body, spooled to a disk, before anybody can refuse it. Here a file goes on to
where it is kept while it is sent, and is bounded there.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.parser import HeaderParser

from fastapi import Request
from starlette.requests import ClientDisconnect

from wand_orchestrator.api.http.json_body import BodyTimeout
from wand_orchestrator.errors import BadRequest

IDLE_SEC = 30.0
"""Between two pieces of a body."""

HEAD_BYTES = 8 * 1024
MAX_PARTS = 100
FORM = "multipart/form-data"


@dataclass(frozen=True)
class FormPart:
    """One part. `chunks` has to be read to its end before the next part is asked for; what is left is skipped."""

    name: str
    filename: str | None
    media_type: str
    chunks: AsyncIterator[bytes]


async def pieces(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes. Raises BodyTimeout when nothing comes for long, BadRequest when the caller is gone."""
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(IDLE_SEC):
                piece = await anext(stream, None)
        except ClientDisconnect as error:
            raise BadRequest("the connection closed before the body was complete") from error
        except TimeoutError as error:
            raise BodyTimeout(f"nothing of the body came for {IDLE_SEC:g} s") from error
        if piece is None:
            return
        if piece:
            yield piece


async def parts_of(request: Request) -> AsyncIterator[FormPart]:
    """The parts of the form, in their order. Raises BadRequest `malformed_form`, BodyTimeout."""
    form = _Form(pieces(request), _boundary(request.headers.get("content-type", "")))
    await form.skip()
    for _ in range(MAX_PARTS):
        if await form.at_end():
            return
        part = _part(await form.head(), form.content())
        yield part
        async for _ in part.chunks:
            continue
    if not await form.at_end():
        raise _malformed(f"it has more than {MAX_PARTS} parts")


class _Form:
    """The body, up to where it has been read."""

    def __init__(self, stream: AsyncIterator[bytes], boundary: bytes) -> None:
        self._stream = stream
        self._delimiter = b"\r\n--" + boundary
        self._buffer = bytearray(b"\r\n")  # so that the first delimiter is one like all others

    async def content(self) -> AsyncIterator[bytes]:
        """Up to the next delimiter, and past it."""
        while True:
            end = self._buffer.find(self._delimiter)
            if end >= 0:
                if end:
                    yield bytes(self._buffer[:end])
                del self._buffer[: end + len(self._delimiter)]
                return
            if (safe := len(self._buffer) - len(self._delimiter) + 1) > 0:
                yield bytes(self._buffer[:safe])
                del self._buffer[:safe]
            await self._more()

    async def skip(self) -> None:
        async for _ in self.content():
            continue

    async def at_end(self) -> bool:
        """Whether the delimiter that was just read is the last one; else its line is read to its end."""
        while len(self._buffer) < 2:
            await self._more()
        if self._buffer.startswith(b"--"):
            return True
        padding = await self._until(b"\r\n")
        if padding.strip(b" \t"):
            raise _malformed("a boundary is followed by something else")
        return False

    async def head(self) -> bytes:
        if self._buffer.startswith(b"\r\n"):
            return b""
        return await self._until(b"\r\n\r\n")

    async def _until(self, mark: bytes) -> bytes:
        while (end := self._buffer.find(mark)) < 0:
            if len(self._buffer) > HEAD_BYTES:
                raise _malformed(f"the head of a part has more than {HEAD_BYTES} bytes")
            await self._more()
        found = bytes(self._buffer[:end])
        del self._buffer[: end + len(mark)]
        return found

    async def _more(self) -> None:
        piece = await anext(self._stream, None)
        if piece is None:
            raise _malformed("it ends before its last boundary")
        self._buffer += piece


def _boundary(content_type: str) -> bytes:
    header = HeaderParser().parsestr(f"Content-Type: {content_type}")
    boundary = header.get_boundary()
    if not boundary or len(boundary) > 70:
        raise _malformed("its Content-Type names no boundary of 1 to 70 characters")
    return boundary.encode("latin-1", "replace")


def _part(head: bytes, chunks: AsyncIterator[bytes]) -> FormPart:
    try:
        headers = HeaderParser().parsestr(head.decode())
    except UnicodeDecodeError as error:
        raise _malformed("the head of a part is not UTF-8") from error
    name = headers.get_param("name", header="content-disposition")
    if headers.get_content_disposition() != "form-data" or not isinstance(name, str):
        raise _malformed("a part has no Content-Disposition: form-data with a name")
    return FormPart(name, headers.get_filename(), headers.get_content_type(), chunks)


def _malformed(reason: str) -> BadRequest:
    return BadRequest(f"the body is no form that can be read: {reason}", code="malformed_form")
