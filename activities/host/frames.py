"""Frames: JSON values with their length before them, on the two sockets between a worker and its agent host.

JSON and no pickles: what an agent could write there must never be code that the worker runs.
"""

import asyncio
import socket
import struct
import threading
from typing import Any

from pydantic_core import from_json, to_json

Frame = dict[str, Any]

_LENGTH = struct.Struct("!Q")


class BrokenFrame(Exception):
    """What came is no frame, or one that is larger than any can be."""


def encoded(frame: Frame) -> bytes:
    body = to_json(frame, inf_nan_mode="constants")
    return _LENGTH.pack(len(body)) + body


async def read_frame(reader: asyncio.StreamReader, max_bytes: int | None = None) -> Frame | None:
    """None at the end. Raises BrokenFrame."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if max_bytes is not None and length > max_bytes:
            raise BrokenFrame(f"a frame of {length} bytes")
        frame = from_json(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except ValueError as error:
        raise BrokenFrame(str(error)) from error
    if not isinstance(frame, dict):
        raise BrokenFrame("a frame that is no object")
    return frame


class FrameWriter:
    """Writes frames from any thread, also while the event loop is blocked. Waits while the other side does not read."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._lock = threading.Lock()

    def write(self, frame: Frame) -> None:
        self.write_encoded(encoded(frame))

    def write_encoded(self, data: bytes) -> None:
        with self._lock:
            self._channel.sendall(data)
