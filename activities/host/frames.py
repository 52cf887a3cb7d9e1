"""Frames: JSON values preceded by their length, on the two sockets between a worker and its agent host.

JSON and no pickles: what an agent could write there must never be code that the worker runs.
"""

import asyncio
import logging
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

from pydantic_core import from_json, to_json

from wand_orchestrator.errors import InternalError

Frame = dict[str, Any]

log = logging.getLogger("wand.host")

_LENGTH = struct.Struct("!Q")


class BrokenFrame(InternalError):
    """The received bytes are not a frame, or one above the size limit."""


def encoded(frame: Frame) -> bytes:
    body = to_json(frame, inf_nan_mode="constants")
    return _LENGTH.pack(len(body)) + body


class FrameReader(asyncio.Protocol):
    """Passes on every frame once it is complete, on the loop and without another task, which short agents
    would feel.

    `on_end` is called once: when the other side has closed the channel, or what came is no frame.
    """

    def __init__(self, on_frame: Callable[[Frame], None], on_end: Callable[[], None], max_bytes: int) -> None:
        self.on_frame = on_frame
        self._on_end = on_end
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while (body := self._next()) is not None:
                self.on_frame(_decoded(body))
        except (BrokenFrame, LookupError, TypeError, ValueError):
            log.warning("What came from the other side is no frame that can be read", exc_info=True)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_end()

    def close(self) -> None:
        self._buffer.clear()
        if self._transport is not None:
            self._transport.close()

    def _next(self) -> bytes | None:
        """Return the body of the next frame if it is complete."""
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length > self._max_bytes:
            raise BrokenFrame(f"a frame of {length} bytes")
        end = _LENGTH.size + length
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        return body


def _decoded(body: bytes) -> Frame:
    frame = from_json(body)
    if not isinstance(frame, dict):
        raise BrokenFrame("a frame that is no object")
    return frame


class FrameWriter:
    """Writes frames from any thread, also while the event loop is blocked; blocks while the other side does
    not read.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._lock = threading.Lock()

    def write(self, frame: Frame) -> None:
        self.write_encoded(encoded(frame))

    def write_encoded(self, data: bytes) -> None:
        with self._lock:
            self._channel.sendall(data)
