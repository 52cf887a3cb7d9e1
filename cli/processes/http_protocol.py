"""Bounds HTTP connections: uvicorn does not limit those that never finish a request.

A connection without a request may be silent for so long and no longer. When there are as many as there may be, the one
that has been idle for longest goes for the next; and who does not read what it is sent is not waited for without end.
"""

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEADER_SEC = 15.0
"""Time for the whole head of a request, from the connection's begin or from the head's first byte."""

STALLED_SEC = 60.0
"""Time in which a client has to take some of what waits to be sent to it."""

MAX_CONNECTIONS = 4096
SPARE_FILES = 128
"""Left for the database, Temporal, and files."""


def max_connections() -> int:
    """Return the number of connections for which the process may open files."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if limit == resource.RLIM_INFINITY else max(16, min(MAX_CONNECTIONS, limit - SPARE_FILES))


class Connections:
    """The connections of one server. `idle`: those without a request in progress, by the moment when they
    became idle.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.open = 0
        self.idle: dict[GuardedProtocol, None] = {}

    def make_room(self) -> bool:
        """Close the longest idle connection if there are too many; return whether there is room now."""
        if self.open <= self.limit:
            return True
        longest = next(iter(self.idle), None)
        if longest is None:
            return False
        del self.idle[longest]
        longest.transport.abort()
        return True


class GuardedProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's protocol with limits; a subclass for each server sets `connections`."""

    connections_of_server: Connections

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        ours = self.connections_of_server
        ours.open += 1
        if not ours.make_room():
            transport.abort()
            return
        ours.idle[self] = None
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections_of_server.open -= 1
        self.connections_of_server.idle.pop(self, None)
        self._head_timer = _cancelled(self._head_timer)
        self._stall_timer = _cancelled(self._stall_timer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_idle and self._head_timer is None:
            self._await_head()
        super().data_received(data)
        if not self._is_idle:
            self.connections_of_server.idle.pop(self, None)
            self._head_timer = _cancelled(self._head_timer)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_idle and not self.transport.is_closing():
            self.connections_of_server.idle[self] = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall_timer = self.loop.call_later(STALLED_SEC, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stall_timer = _cancelled(self._stall_timer)

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEADER_SEC, self.transport.abort)


def protocol_for(limit: int) -> type[asyncio.Protocol]:
    """Return the protocol class of one server, which accepts that many connections."""
    protocol: type[asyncio.Protocol] = type("ServedProtocol", (GuardedProtocol,), {})
    protocol.connections_of_server = Connections(limit)  # type: ignore[attr-defined]
    return protocol


def _cancelled(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """Cancel the timer; returns None, to be kept in its place."""
    if timer is not None:
        timer.cancel()
    return None
