"""Protects an API without a key from pages that are open in a browser on the same machine.

A page of any site can send requests to loopback: simple ones by itself, and all of them once a name of its own resolves
to 127.0.0.1 (DNS rebinding). Browsers say for whom they ask: `Host` is the name in the address bar, `Origin` and
`Sec-Fetch-Site` cannot be set by a page. With a key none of this is needed, as no page knows the key.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from wand_orchestrator.api.http.problems import problem_of
from wand_orchestrator.errors import Forbidden
from wand_orchestrator.settings import is_loopback

_FOREIGN = frozenset({"cross-site", "same-site"})
_SAFE = frozenset({"GET", "HEAD"})


class BrowserGuard:
    """Answers 403 to a request for a name that is not this API's, or from a page that is not its own.

    `hosts`: names besides those of loopback. `origins`: of pages that may call nevertheless.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], origins: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await problem_of(refusal)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Forbidden | None:
        headers = Headers(scope=scope)
        host = headers.get("host")
        if host is not None and not self._is_own(host):
            return Forbidden(
                f"without a key this API answers to names of loopback only, and not to {host[:200]!r}: set "
                "WAND_API_KEY, or list the name in WAND_ALLOWED_HOSTS",
                code="host_not_allowed",
            )
        if self._comes_from_elsewhere(scope["method"], headers, host or ""):
            return Forbidden(
                "without a key this API takes no requests from pages of another origin: set WAND_API_KEY, or list "
                "the origin in WAND_CORS_ORIGINS",
                code="origin_not_allowed",
            )
        return None

    def _is_own(self, host: str) -> bool:
        name = _name_of(host)
        return is_loopback(name) or name.endswith(".localhost") or name in self._hosts

    def _comes_from_elsewhere(self, method: str, headers: Headers, host: str) -> bool:
        origin = headers.get("origin")
        if origin is not None:
            return origin not in self._origins and not _is_origin_of(origin, host)
        # A link to a run that somebody follows is fine: the page that has the link cannot read the answer.
        is_link = method in _SAFE and headers.get("sec-fetch-mode") == "navigate"
        return headers.get("sec-fetch-site") in _FOREIGN and not is_link


def _name_of(host: str) -> str:
    """Return the host without its port; empty if it cannot be parsed."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_origin_of(origin: str, host: str) -> bool:
    """Return whether a page of this origin was loaded from `host`, with or without TLS in front of it."""
    scheme, _, place = origin.partition("://")
    return scheme in ("http", "https") and place.lower() == host.lower()
