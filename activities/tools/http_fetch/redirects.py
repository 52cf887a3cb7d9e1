"""Follows redirects: the target, and what of the request is sent to it (RFC 9110, 15.4; Fetch standard, 4.4)."""

import httpx

from wand_orchestrator.errors import AgentError

MAX_REDIRECTS = 10

_HARMLESS = frozenset({"accept", "accept-encoding", "accept-language", "content-type", "range", "user-agent"})
"""What another origin may see. Credentials come under many names, so what is not known as harmless stays behind."""

_OF_THE_BODY = ("content-type", "content-length", "content-encoding", "transfer-encoding")


def check_url(url: str, base: httpx.URL | None = None) -> httpx.URL:
    """Check the URL. Raises AgentError `invalid_url`, which does not repeat the URL, as it may hold secrets."""
    what = "the URL" if base is None else "a redirect"
    try:
        parsed = httpx.URL(url) if base is None else base.join(url)
        host = parsed.host
    except (httpx.InvalidURL, ValueError) as error:
        raise _invalid(f"{what} cannot be read") from error
    if parsed.scheme not in ("http", "https"):
        raise _invalid(f"{what} has the scheme {parsed.scheme[:20]!r}: only http and https are fetched")
    if not host:
        raise _invalid(f"{what} names no host")
    if parsed.port is not None and not 1 <= parsed.port <= 65535:
        raise _invalid(f"{what} names a port that there is not")
    return parsed


def redirected(request: httpx.Request, response: httpx.Response) -> httpx.Request:
    """Return the request that follows a redirect."""
    url = check_url(response.headers["location"], request.url)
    if not url.fragment and request.url.fragment:
        url = url.copy_with(fragment=request.url.fragment)
    headers = request.headers.copy()
    headers.pop("host", None)
    method = _method(request.method, response.status_code)
    if method != request.method:
        for name in _OF_THE_BODY:
            headers.pop(name, None)
    if origin(url) != origin(request.url):
        headers = httpx.Headers({name: value for name, value in headers.items() if name in _HARMLESS})
    if method != request.method:
        return httpx.Request(method, url, headers=headers, extensions=request.extensions)
    return httpx.Request(method, url, headers=headers, content=request.content, extensions=request.extensions)


def origin(url: httpx.URL) -> tuple[str, str, int]:
    """Return scheme, host and port, to which credentials are bound."""
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}[url.scheme]


def _method(method: str, status: int) -> str:
    if status == 303 and method != "HEAD":
        return "GET"
    if status in (301, 302) and method == "POST":
        return "GET"
    return method


def _invalid(message: str) -> AgentError:
    return AgentError(message, code="invalid_url", retryable=False)
