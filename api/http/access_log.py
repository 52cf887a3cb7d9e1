"""Logs one line for each request: method, path without its query (which may hold secrets), status, milliseconds."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("wand.access")


class AccessLog:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not log.isEnabledFor(logging.INFO):
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, observe)
        except Exception:
            status = status or 500  # what the server answers, further out
            raise
        finally:
            milliseconds = (time.perf_counter() - began) * 1000
            # ascii() keeps line breaks that were percent-encoded in the path out of the log.
            path = scope["path"] if scope["path"].isprintable() else ascii(scope["path"])
            log.info("%s %s %s %.0f ms", scope["method"], path, status or "-", milliseconds)
