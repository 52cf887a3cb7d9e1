"""Headless Chromium, with an empty profile."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scripts.devtools import Connection
from scripts.page import Page

WIDTH, HEIGHT = 1720, 1260

ALONE = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
"""Flags with which Chromium does without the network that it would like to have for itself."""

_FLAGS = (
    "--headless",
    *ALONE,
    "--hide-scrollbars",
    f"--window-size={WIDTH},{HEIGHT}",
    "--remote-debugging-pipe",
)
_MESSAGE_BYTES = 64 * 1024**2


class Browser:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Page]:
        """A new tab; it is closed with the context."""
        target = (await self._connection.call("Target.createTarget", url="about:blank"))["targetId"]
        attached = await self._connection.call("Target.attachToTarget", targetId=target, flatten=True)
        session = attached["sessionId"]
        for domain in ("Page", "DOM", "Accessibility"):
            await self._connection.call(f"{domain}.enable", session)
        try:
            yield Page(self._connection, session)
        finally:
            await self._connection.call("Target.closeTarget", targetId=target)


@asynccontextmanager
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A browser with an empty profile; it ends with the context."""
    their_source, our_sink = os.pipe()
    our_source, their_sink = os.pipe()
    # The protocol wants the descriptors 3 and 4.
    command = f'exec "$@" 3<&{their_source} 4>&{their_sink}'
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", command, "chromium", chromium, *_FLAGS, f"--user-data-dir={profile}"),
            pass_fds=(their_source, their_sink),
            stderr=asyncio.subprocess.DEVNULL,
        )
        os.close(their_source)
        os.close(their_sink)
        reader = asyncio.StreamReader(limit=_MESSAGE_BYTES)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(our_source, "rb")
        )
        try:
            yield Browser(Connection(reader, our_sink))
        finally:
            os.close(our_sink)
            process.terminate()
            await process.wait()
            transport.close()
