"""Turns what comes back instead of an answer into the exceptions of Wand."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from wand_orchestrator.errors import (
    BadRequest,
    Conflict,
    FaultLike,
    Forbidden,
    GraphFaults,
    InputFaults,
    NotFound,
    TooLarge,
    Unauthorized,
    Unavailable,
    WandError,
)

AWAY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
"""Statuses of an API, or of a proxy before one, that may answer a moment later."""

_STATED = frozenset({"type", "title", "status", "detail", "code", "faults"})
_BY_STATUS: dict[int, type[WandError]] = {
    each.status: each for each in (BadRequest, Unauthorized, Forbidden, NotFound, Conflict, TooLarge)
}


@dataclass(frozen=True)
class Hints:
    """How a caller gives what is missing: `key` and `url` end sentences of messages."""

    key: str = "give the right one as `api_key` or WAND_API_KEY"
    url: str = "start one with `wand dev`, or give the address of another one as `url` or WAND_URL"


@dataclass(frozen=True)
class ListedFault:
    """A fault in what was sent. `pointer`: a JSON pointer into it, or the name of a parameter."""

    pointer: str
    code: str
    message: str
    line: int | None = None
    column: int | None = None

    @classmethod
    def all_of(cls, faults: Any) -> "tuple[ListedFault, ...]":
        return tuple(
            cls(
                str(each.get("pointer")),
                str(each.get("code")),
                str(each.get("message")),
                each.get("line"),
                each.get("column"),
            )
            for each in faults or ()
        )


class Refused(WandError):
    """The API answered with a problem document that no other exception stands for; `faults` holds every reason that it
    gave, and `http_status` is its status.
    """

    code = "refused"

    def __init__(self, http_status: int, message: str, faults: tuple[FaultLike, ...], **fields: Any) -> None:
        super().__init__(message, **fields)
        self.http_status = http_status
        self.faults = faults


def refusal_of(answer: httpx.Response, hints: Hints) -> WandError:
    """Return the exception for an answer with an error status: the one that the server raised, where its class is known
    to a client. Its notes list the faults, so that a traceback shows them; `fields` holds the further members of the
    problem document, and `retry_after` in seconds.
    """
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "code" not in problem:
        return foreign(answer)
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        problem["detail"] = f"{answer.request.url.host} asks for the API key: {hints.key}"
    fields = {name: value for name, value in problem.items() if name not in _STATED}
    if (seconds := retry_after(answer)) is not None:
        fields["retry_after"] = seconds
    error = _error_of(answer.status_code, problem)
    error.code = str(problem["code"])
    error.fields = error.fields | fields
    for fault in ListedFault.all_of(problem.get("faults")):
        error.add_note(f"{fault.pointer or 'the document'}: {fault.message}")
    return error


def _error_of(status: int, problem: Mapping[str, Any]) -> WandError:
    faults = ListedFault.all_of(problem.get("faults"))
    message = str(problem.get("detail") or f"the API answered with {status}")
    if problem["code"] == GraphFaults.code:
        return GraphFaults(faults)
    if problem["code"] == InputFaults.code:
        return InputFaults(faults)
    if status == Unavailable.status:
        return Unavailable(str(problem.get("missing", "api")), message)
    known = _BY_STATUS.get(status)
    return Refused(status, message, faults) if known is None or faults else known(message)


def retry_after(answer: httpx.Response) -> float | None:
    """Return the seconds that a header `Retry-After` names, if there is one."""
    text = answer.headers.get("Retry-After", "")
    if text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        sent = parsedate_to_datetime(answer.headers["Date"])
        return max(0.0, (parsedate_to_datetime(text) - sent).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None


def foreign(answer: httpx.Response) -> WandError:
    """Return the exception for an answer that does not come from Wand, but from another server or a proxy."""
    url, status = shown(answer.request.url), answer.status_code
    if status in AWAY:
        return Unavailable("api", f"{url} answered with {status}: the API behind it is away")
    return WandError(f"{url} answered with {status}, and not as an API of Wand does")


def shown(url: httpx.URL) -> str:
    """Return the URL without a password in it."""
    return str(url.copy_with(userinfo=b"")).rstrip("/")


@contextmanager
def reached(url: str, hints: Hints) -> Iterator[None]:
    """Raise Unavailable, naming the URL, if nothing answers."""
    try:
        yield
    except httpx.RequestError as error:
        reason = str(error) or type(error).__name__
        raise Unavailable("api", f"no API answers at {url} ({reason}): {hints.url}") from error
