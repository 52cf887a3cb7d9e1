"""Implements the tool `http.fetch`.

It works on httpx's transport and not on its client: the client writes every URL, with its query, into the log, and
follows redirects with headers that are meant for the first host alone.
"""

import asyncio
import base64
from typing import Annotated, Any, Literal

import httpx
from pydantic import Field

from wand_orchestrator import AgentContext, AgentError, tool
from wand_orchestrator.activities.tools.http_fetch.addresses import AllowList
from wand_orchestrator.activities.tools.http_fetch.body import ACCEPT_ENCODING, read_body
from wand_orchestrator.activities.tools.http_fetch.charset import decode, is_json
from wand_orchestrator.activities.tools.http_fetch.fetch_failures import (
    status_failure,
    timeout_failure,
    transport_failure,
)
from wand_orchestrator.activities.tools.http_fetch.fetched_page import FetchedPage, media_type, parse_json
from wand_orchestrator.activities.tools.http_fetch.memory import of_this_worker
from wand_orchestrator.activities.tools.http_fetch.pinned_connection import CheckedTransport
from wand_orchestrator.activities.tools.http_fetch.redirects import MAX_REDIRECTS, check_url, redirected

CONNECT_TIMEOUT_SEC = 10.0
DEFAULT_TIMEOUT_SEC = 30.0
DEFAULT_MAX_BYTES = 1_000_000
LARGEST_MAX_BYTES = 256 * 1024**2

_DEFAULT_HEADERS = {"accept": "*/*", "accept-encoding": ACCEPT_ENCODING, "user-agent": "wand-orchestrator"}

Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=8192,
        description="http or https.",
        json_schema_extra={"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://."},
    ),
]
"""The pattern is for whoever checks a graph; a fetch itself says more, and without repeating the URL."""
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
Headers = Annotated[dict[str, str] | None, Field(description="Sent to the URL's own origin only.")]
TextBody = Annotated[str | None, Field(description="Sent as it is, in UTF-8.")]
JsonBody = Annotated[Any, Field(description="Sent as JSON; null stands for none.")]
MaxBytes = Annotated[int, Field(ge=1, le=LARGEST_MAX_BYTES, description="Of the body, decompressed.")]
AllowStatus = Annotated[
    tuple[Annotated[int, Field(ge=100, le=599)], ...],
    Field(description="Statuses from 400 on that are an answer like any other."),
]
TimeoutSec = Annotated[float, Field(gt=0, le=86_400, description="Of the whole fetch, in seconds.")]


@tool("http.fetch")
async def http_fetch(
    url: Url,
    *,
    ctx: AgentContext,
    method: Method = "GET",
    headers: Headers = None,
    body: TextBody = None,
    json: JsonBody = None,
    max_bytes: MaxBytes = DEFAULT_MAX_BYTES,
    allow_status: AllowStatus = (),
    timeout: TimeoutSec = DEFAULT_TIMEOUT_SEC,
) -> FetchedPage:
    """Fetches a page over HTTP. Addresses of private networks are refused unless WAND_FETCH_ALLOW opens them."""
    request = _request(method, check_url(url), headers or {}, body, json)
    async with of_this_worker().reserve(max_bytes):
        fetched = await _fetched(request, ctx, max_bytes, allow_status, timeout)
        page = await asyncio.to_thread(_page, *fetched)
    if page.json_error is not None:
        ctx.log(f"the body is not the JSON that its media type says: {page.json_error}", level="warning")
    return page


async def _fetched(
    request: httpx.Request, ctx: AgentContext, max_bytes: int, allow_status: tuple[int, ...], timeout: float
) -> tuple[httpx.URL, httpx.Response, bytes]:
    """Return the page's final URL, its head and its body."""
    allow = AllowList.parse(ctx.settings.fetch_allow_list)
    try:
        async with asyncio.timeout(timeout), CheckedTransport.over_network(allow) as transport:
            request, response = await _follow(transport, request)
            try:
                if response.status_code >= 400 and response.status_code not in allow_status:
                    raise status_failure(request.url, response, ctx.settings.fetch_max_retry_after_sec)
                return request.url, response, await read_body(response, max_bytes)
            finally:
                await response.aclose()
    except TimeoutError:
        raise timeout_failure(request.url, timeout) from None
    except (httpx.RequestError, ValueError, OverflowError) as error:
        raise transport_failure(request.url, error) from None


def _request(method: str, url: httpx.URL, headers: dict[str, str], body: str | None, json: Any) -> httpx.Request:
    """Build the request. Raises AgentError `invalid_request`, which quotes no value."""
    if body is not None and json is not None:
        raise _invalid("give body or json, not both")
    sent = httpx.Headers(_DEFAULT_HEADERS)
    try:
        if url.userinfo:
            sent["authorization"] = _basic_auth(url)
        sent.update(headers)
        return httpx.Request(
            method,
            url.copy_with(userinfo=b""),
            headers=sent,
            content=None if body is None else body.encode(),
            json=json,
            extensions={"timeout": {"connect": CONNECT_TIMEOUT_SEC}},
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise _invalid("its headers, body or json cannot be sent") from error


def _basic_auth(url: httpx.URL) -> str:
    return "Basic " + base64.b64encode(f"{url.username}:{url.password}".encode()).decode()


async def _follow(transport: httpx.AsyncBaseTransport, request: httpx.Request) -> tuple[httpx.Request, httpx.Response]:
    """Follow redirects; return the last request and its response, with the body still to be read."""
    for _ in range(MAX_REDIRECTS + 1):
        response = await transport.handle_async_request(request)
        if not response.has_redirect_location:
            return request, response
        await response.aclose()
        request = redirected(request, response)
    raise AgentError(f"more than {MAX_REDIRECTS} redirects", code="too_many_redirects", retryable=False)


def _page(url: httpx.URL, response: httpx.Response, content: bytes) -> FetchedPage:
    """Build the page, which takes seconds for hundreds of megabytes. A page that wrongly declares JSON is
    still a page.
    """
    media = media_type(response.headers)
    text = decode(content, response.headers.get("content-type", ""), media)
    json, json_error = _json(text) if content and is_json(media) else (None, None)
    return FetchedPage(
        status=response.status_code,
        headers=dict(response.headers),
        body=base64.b64encode(content).decode() if text is None else text,
        body_encoding="base64" if text is None else "text",
        json=json,
        json_error=json_error,
        url=str(url),
    )


def _json(text: str | None) -> tuple[Any, str | None]:
    """Return the JSON value, or why there is none."""
    try:
        return parse_json(text or ""), None
    except UnicodeEncodeError:
        return None, "a text in it has half a surrogate pair"
    except ValueError as error:
        return None, str(error)


def _invalid(reason: str) -> AgentError:
    return AgentError(f"the request cannot be sent: {reason}", code="invalid_request", retryable=False)
