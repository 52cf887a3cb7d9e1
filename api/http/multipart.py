"""Reads a body of `multipart/form-data` (RFC 7578) part by part, as it comes.

FastAPI's own reading wants the whole body, spooled to a disk, before anybody can refuse it. Here a file goes on to
where it is kept while it is sent, and is bounded there.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from wand_orchestrator.api.http.body_errors import arriving
from wand_orchestrator.errors import BadRequest

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

IDLE_SEC = 30.0
"""Between two pieces of a body."""

BOUNDARY_BYTES = 70
"""RFC 2046, 5.1.1."""

MAX_PARTS = 100
FORM = "multipart/form-data"


@dataclass(frozen=True)
class FormPart:
    """Contains one part of a form. `chunks` can be read until the next part is requested, which skips the rest."""

    name: str
    filename: str | None
    media_type: str
    chunks: AsyncIterator[bytes]


async def pieces(request: Request) -> AsyncIterator[bytes]:
    """Yield the body as it arrives. Raises BodyTimeout if nothing arrives for long, BadRequest if
    the caller is gone.
    """
    stream = aiter(request.stream())
    while True:
        with arriving(f"nothing of the body came for {IDLE_SEC:g} s"):
            async with asyncio.timeout(IDLE_SEC):
                piece = await anext(stream, None)
        if piece is None:
            return
        if piece:
            yield piece


async def parts_of(request: Request) -> AsyncIterator[FormPart]:
    """Yield the parts of the form, in their order. Raises BadRequest `malformed_form`, BodyTimeout."""
    form = _Form(pieces(request), _boundary(request.headers.get("content-type", "")))
    for _ in range(MAX_PARTS):
        head = await form.head()
        if head is None:
            return
        part = _part(head, form.content())
        yield part
        async for _ in part.chunks:
            continue
    if await form.head() is not None:
        raise _malformed(f"it has more than {MAX_PARTS} parts")


class _Form:
    """Pulls what the parser finds in the body: for each part its headers, its data, and its end as None."""

    def __init__(self, stream: AsyncIterator[bytes], boundary: bytes) -> None:
        self._stream = stream
        self._found: deque[dict[bytes, bytes] | bytes | None] = deque()
        self._headers: dict[bytes, bytes] = {}
        self._field = self._value = b""
        self._ended = False
        try:
            self._parser = MultipartParser(boundary, self._callbacks())
        except FormParserError as error:
            raise _malformed("its boundary is too long") from error

    async def head(self) -> dict[bytes, bytes] | None:
        """Return the headers of the next part, by lower-case name; None behind the last one."""
        while not self._found:
            if self._ended:
                return None
            await self._more()
        found = self._found.popleft()
        assert isinstance(found, dict)
        return found

    async def content(self) -> AsyncIterator[bytes]:
        """Yield the data of the part whose headers were read last."""
        while True:
            while not self._found:
                await self._more()
            found = self._found.popleft()
            if found is None:
                return
            assert isinstance(found, bytes)
            yield found

    async def _more(self) -> None:
        piece = await anext(self._stream, None)
        if piece is None:
            raise _malformed("it ends before its last boundary")
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _malformed(str(error)) from error

    def _callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._headers.clear,
            "on_part_data": lambda data, start, end: self._found.append(data[start:end]),
            "on_part_end": lambda: self._found.append(None),
            "on_header_field": self._add_field,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_headers_finished": lambda: self._found.append(dict(self._headers)),
            "on_end": self._end,
        }

    def _add_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _end(self) -> None:
        self._ended = True


def _boundary(content_type: str) -> bytes:
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary or len(boundary) > BOUNDARY_BYTES:
        raise _malformed(f"its Content-Type names no boundary of 1 to {BOUNDARY_BYTES} characters")
    return boundary


def _part(head: dict[bytes, bytes], chunks: AsyncIterator[bytes]) -> FormPart:
    disposition, options = parse_options_header(head.get(b"content-disposition"))
    media_type, _ = parse_options_header(head.get(b"content-type", b"text/plain"))
    if disposition != b"form-data" or b"name" not in options:
        raise _malformed("a part has no Content-Disposition: form-data with a name")
    try:
        filename = options[b"filename"].decode() if b"filename" in options else None
        return FormPart(options[b"name"].decode(), filename, media_type.decode(), chunks)
    except UnicodeDecodeError as error:
        raise _malformed("the head of a part is not UTF-8") from error


def _malformed(reason: str) -> BadRequest:
    return BadRequest(f"the body is no form that can be read: {reason}", code="malformed_form")
