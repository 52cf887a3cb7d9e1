"""Checks the API key before anything else of a request, even its body."""

import hmac
import re

from fastapi.security import APIKeyHeader
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from wand_orchestrator.api.http.docs_pages import ASSETS
from wand_orchestrator.api.http.problems import problem_of
from wand_orchestrator.api.page.page_files import FILES
from wand_orchestrator.errors import Unauthorized

HEADER = "X-API-Key"
OPEN_PATHS = frozenset({"/", "/health", "/ready", "/docs", "/redoc", "/openapi.json"})

documented_key = APIKeyHeader(
    name=HEADER,
    auto_error=False,
    description="Needed if WAND_API_KEY is set; not on /health, /ready, the docs and links.",
)
"""For OpenAPI only: `ApiKeyGuard` is what refuses."""


_MESSAGES = re.compile(r"/hooks/[^/]+")
"""Paths of messages to hooks, which bring a secret of their own."""

_LINKS = re.compile(r"/links/[^/]+")
"""Paths that are signed."""


class ApiKeyGuard:
    """Answers 401 to every request that does not bring the key, whether its path exists or not; OPEN_PATHS, messages
    to hooks, and links need none."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_open(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER)
        if given is not None and hmac.compare_digest(given.encode("latin-1"), self._key):
            await self._app(scope, receive, send)
            return
        reason = "is missing" if given is None else "is not the right one"
        response = problem_of(Unauthorized(f"the API key {reason}: send it as the header {HEADER}"))
        await response(scope, receive, send)


def _is_open(method: str, path: str) -> bool:
    if method == "POST" and _MESSAGES.fullmatch(path):
        return True
    if method in ("GET", "HEAD", "POST") and _LINKS.fullmatch(path):
        return True
    return path in OPEN_PATHS or path.startswith((f"{ASSETS}/", f"{FILES}/"))
