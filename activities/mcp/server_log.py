"""Logs what a stdio MCP server writes to its standard error: bounded, on one line each, without secrets."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TextIO

from wand_orchestrator.activities.mcp.mcp_limits import LOG_LINE_BYTES, LOG_LINES, LOG_LINES_SEC
from wand_orchestrator.activities.mcp.plain_text import plain
from wand_orchestrator.contract.masking import Mask

GUARD_PREFIX = "wand: "
"""Before what the guard of a server says, which nobody but Wand chose."""


class ServerLog(asyncio.Protocol):
    """Logs the lines of one server. `last_words`: what its guard said last, such as how it ended."""

    def __init__(self, server: str, mask: Mask) -> None:
        self._logger = logging.getLogger(f"wand.mcp.{server}")
        self._mask = mask
        self._rest = b""
        self._cutting = False
        self._since, self._lines, self._left_out = time.monotonic(), 0, 0
        self.last_words = ""
        self.closed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not self._cutting:
                self._log(line)
            self._cutting = False
        if len(rest) > LOG_LINE_BYTES and not self._cutting:
            self._log(rest)
            self._cutting = True
        self._rest = b"" if self._cutting else rest

    def connection_lost(self, exc: Exception | None) -> None:
        self.data_received(b"\n" if self._rest else b"")
        self._tell_left_out()
        self.closed.set()

    def tell(self, text: str) -> None:
        """Log a sentence of Wand's own about the server, as long as there is room."""
        if self._has_room():
            self._logger.warning("%s", text)

    def _log(self, line: bytes) -> None:
        text = plain(self._mask.foreign_text(line[:LOG_LINE_BYTES].decode(errors="replace"))).strip()
        if not text:
            return
        if text.startswith(GUARD_PREFIX):
            self.last_words = text.removeprefix(GUARD_PREFIX)
        if self._has_room():
            self._logger.info("%s", text)

    def _has_room(self) -> bool:
        if time.monotonic() - self._since > LOG_LINES_SEC:
            self._tell_left_out()
            self._since, self._lines, self._left_out = time.monotonic(), 0, 0
        self._lines += 1
        self._left_out += self._lines > LOG_LINES
        return self._lines <= LOG_LINES

    def _tell_left_out(self) -> None:
        if self._left_out:
            self._logger.warning("%d further lines are left out", self._left_out)


@asynccontextmanager
async def logged(log: ServerLog) -> AsyncIterator[TextIO]:
    """Return the file for a server's standard error; leave the block when the server has ended."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as file:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: log, os.fdopen(reading, "rb", 0))
        try:
            yield file
        finally:
            file.close()
            await _drained(log)
            transport.close()


async def _drained(log: ServerLog) -> None:
    """Wait for the lines that are still on the way; a process that left the server's group may hold the pipe open."""
    try:
        async with asyncio.timeout(1.0):
            await log.closed.wait()
    except TimeoutError:
        return
