"""Errors of fetches, whose messages contain no header, no credentials and no query of a URL."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from wand_orchestrator.errors import AgentError

_REASONS: dict[type[httpx.RequestError], str] = {
    httpx.ConnectTimeout: "connecting took too long",
    httpx.ConnectError: "no connection",
    httpx.ReadError: "the connection broke while reading",
    httpx.WriteError: "the connection broke while sending",
    httpx.RemoteProtocolError: "the server broke off or does not speak HTTP",
}


def shown(url: httpx.URL) -> str:
    """Return the URL's scheme, host, port and path."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))


def transport_failure(url: httpx.URL, error: Exception) -> AgentError:
    """Return the error of a failed transport; retryable unless the request cannot be sent as it is. Its own text is not
    used, as it may quote headers.

    ValueError and OverflowError are what the layers below make of a head that is no HTTP, such as a length of thousands
    of digits.
    """
    if not isinstance(error, httpx.RequestError):
        return AgentError(f"{shown(url)}: the server does not speak HTTP", code="transport_error")
    if isinstance(error, httpx.LocalProtocolError):
        return AgentError("a header of the request cannot be sent", code="invalid_request", retryable=False)
    reason = next((text for kind, text in _REASONS.items() if isinstance(error, kind)), type(error).__name__)
    if isinstance(error, httpx.ConnectError) and str(error):
        reason = f"{reason}: {error}"
    return AgentError(f"{shown(url)}: {reason}", code="transport_error")


def timeout_failure(url: httpx.URL, seconds: float) -> AgentError:
    return AgentError(f"{shown(url)}: not fetched within {seconds:g} s", code="fetch_timeout")


def status_failure(url: httpx.URL, response: httpx.Response, longest_wait_sec: float) -> AgentError:
    """Return the error of a status. 5xx and 429 are retryable, after the bounded time of Retry-After if
    there is one.
    """
    wait = retry_after(response.headers.get("retry-after"), datetime.now(UTC))
    status = response.status_code
    retryable = status >= 500 or status == httpx.codes.TOO_MANY_REQUESTS
    return AgentError(
        f"{shown(url)} answered {status} {httpx.codes.get_reason_phrase(status)}".rstrip(),
        code="http_status",
        retryable=retryable,
        retry_after=min(wait, longest_wait_sec) if retryable and wait is not None else None,
        details={"status": status},
    )


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds of either form of the header: a number of seconds or a date (RFC 9110, 10.2.3)."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
        return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
