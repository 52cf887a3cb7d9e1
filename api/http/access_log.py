"""Logs one line for each request: method, path without what may be secret in it, status, milliseconds.

A query may hold secrets, and the path of a link is one.
"""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LINKS = "/links/"

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
            log.info("%s %s %s %.0f ms", scope["method"], shown_path(scope), status or "-", milliseconds)


def shown_path(scope: Scope) -> str:
    """Return the path of a request as it may stand in a log."""
    path: str = scope["path"]
    before, found, _ = path.removeprefix(scope.get("root_path", "")).partition(_LINKS)
    if found and not before:
        return f"{_LINKS}…"
    # ascii() keeps line breaks that were percent-encoded in the path out of the log.
    return path if path.isprintable() else ascii(path)
