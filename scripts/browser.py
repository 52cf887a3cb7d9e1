"""Headless Chromium, driven by the DevTools protocol over a pipe (https://chromedevtools.github.io/devtools-protocol)."""

import asyncio
import base64
import json
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 1720, 1260
PATIENCE_SEC = 60.0
SETTLE_SEC = 1.5
"""Between the words that are waited for and the picture: fades and fonts."""

# Without the network that Chromium would like to have for itself.
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    f"--window-size={WIDTH},{HEIGHT}",
    "--remote-debugging-pipe",
)
_MESSAGE_BYTES = 64 * 1024**2


class Browser:
    def __init__(self, reader: asyncio.StreamReader, sink: int) -> None:
        self._reader = reader
        self._sink = sink
        self._ids = count(1)

    async def picture(self, url: str, words: str, path: Path, first: str = "", last: str = "") -> None:
        """Open a page, wait until `words` stand on it, and write what is seen as PNG.

        `first`: a script that runs before those of the page; `last`: one that runs before the picture is taken.
        """
        target = (await self._call("Target.createTarget", url="about:blank"))["targetId"]
        session = (await self._call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        await self._call("Page.enable", session)
        await self._call("Page.addScriptToEvaluateOnNewDocument", session, source=first)
        await self._call("Page.navigate", session, url=url)
        async with asyncio.timeout(PATIENCE_SEC):
            while words not in await self._text(session):
                await asyncio.sleep(0.2)
        await asyncio.sleep(SETTLE_SEC)
        await self._call("Runtime.evaluate", session, expression=last)
        shot = await self._call("Page.captureScreenshot", session, format="png")
        path.write_bytes(base64.b64decode(shot["data"]))
        await self._call("Target.closeTarget", targetId=target)

    async def _text(self, session: str) -> str:
        found = await self._call("Runtime.evaluate", session, expression="document.body?.innerText ?? ''")
        return str(found["result"].get("value", ""))

    async def _call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        id = next(self._ids)
        message = {"id": id, "method": method, "params": params, **({"sessionId": session} if session else {})}
        os.write(self._sink, json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads((await self._reader.readuntil(b"\0"))[:-1])
            if answer.get("id") == id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])


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
            yield Browser(reader, our_sink)
        finally:
            os.close(our_sink)
            process.terminate()
            await process.wait()
            transport.close()
