"""Maps every error to a problem document (RFC 9457); no other module turns errors into HTTP.

A problem holds what the caller can act on: never a stack trace, never the value that was refused.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, NoReturn

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from wand_orchestrator.api.http.access_log import shown_path
from wand_orchestrator.api.http.allowed_methods import allowed_methods
from wand_orchestrator.api.http.problem_codes import PROBLEM_CODES
from wand_orchestrator.errors import FaultLike, GraphFaults, InputFaults, WandError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SEC = 2

_CODES = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}

log = logging.getLogger(__name__)


class ProblemFault(BaseModel):
    """A fault in a request. `pointer`: a JSON pointer (RFC 6901) into the body, into the graph or the input that it
    brings, or the name of a parameter.
    """

    pointer: str
    code: str
    message: str
    line: int | None = Field(
        default=None, description="In the text of the body, from 1; only of a graph that is posted alone."
    )
    column: int | None = Field(default=None, description="In its line, in characters, from 1.")

    @classmethod
    def all_of(cls, faults: Iterable[FaultLike]) -> "list[ProblemFault]":
        return [
            cls(pointer=each.pointer, code=each.code, message=each.message, line=each.line, column=each.column)
            for each in faults
        ]


class Problem(BaseModel):
    """The body of every error response, as `application/problem+json`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:wand:problem:graph_invalid"])
    title: str = Field(examples=["Graph invalid"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["the graph has 1 fault"])
    code: str = Field(
        description="Stable: made for programs.",
        examples=["graph_invalid"],
        json_schema_extra={"enum": list(PROBLEM_CODES), "title": "ProblemCode"},
    )
    faults: list[ProblemFault] | None = Field(default=None, description="Every reason, where there are several.")


class UnsupportedMediaType(WandError):
    """The body is not JSON by its `Content-Type`."""

    code = "unsupported_media_type"
    status = 415


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    faults: Iterable[FaultLike] | None = None,
    headers: Mapping[str, str] | None = None,
    **fields: Any,
) -> Response:
    """Return the response of a problem; `fields` are further members of the document."""
    document = Problem(
        type=f"urn:wand:problem:{code}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        detail=detail,
        code=code,
        faults=None if faults is None else ProblemFault.all_of(faults),
        **fields,
    )
    return Response(
        document.model_dump_json(exclude_none=True), status_code=status, media_type=MEDIA_TYPE, headers=headers
    )


def problem_of(error: WandError) -> Response:
    faults = error.faults if isinstance(error, GraphFaults | InputFaults) else None
    headers = {401: {"WWW-Authenticate": "ApiKey"}, 503: {"Retry-After": str(RETRY_AFTER_SEC)}}.get(error.status)
    return problem(error.status, error.code, error.message, faults=faults, headers=headers, **error.fields)


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route for OpenAPI."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Make this application answer every error with a problem document."""
    app.add_exception_handler(WandError, _on_wand_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_unexpected)


async def _on_wand_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, WandError):
        _impossible(error)
    if error.status >= 500 and error.status != HTTPStatus.SERVICE_UNAVAILABLE:
        log.error("%s %s failed", request.method, shown_path(request.scope), exc_info=error)
        return _internal()
    return problem_of(error)


async def _on_validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        _impossible(error)
    faults = [
        ProblemFault(pointer=_pointer(item["loc"]), code=item["type"], message=_sentence(item))
        for item in error.errors()
    ]
    return request_invalid(faults)


def _sentence(item: Mapping[str, Any]) -> str:
    """Return what is wrong without the words that pydantic puts before or in place of it."""
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    return "there is no such key here" if item["type"] == "extra_forbidden" else str(item["msg"])


def request_invalid(faults: Sequence[ProblemFault]) -> Response:
    """Return the response to a request with these faults; its `detail` repeats the first ones."""
    detail = "; ".join(f"{fault.pointer or 'the body'}: {fault.message}" for fault in faults[:3])
    return problem(422, "request_invalid", detail, faults=faults)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        _impossible(error)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return _not_allowed(request)
    code = _CODES.get(error.status_code, HTTPStatus(error.status_code).phrase.lower().replace(" ", "_"))
    detail = f"there is nothing at {request.url.path}" if error.status_code == HTTPStatus.NOT_FOUND else error.detail
    return problem(error.status_code, code, detail, headers=error.headers)


def _not_allowed(request: Request) -> Response:
    """Return the response for a path that exists with other methods; OPTIONS only asks for these."""
    allowed = allowed_methods(request.app, request.url.path)
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": allowed})
    detail = f"{request.method} is not allowed here, but {allowed} are"
    return problem(405, _CODES[405], detail, headers={"Allow": allowed})


async def _on_unexpected(request: Request, error: Exception) -> Response:
    """Return a problem without details: the server logs the error with its trace."""
    return _internal()


def _internal() -> Response:
    return problem(500, "internal", "an unexpected error; the server's log has its cause")


def _pointer(location: tuple[int | str, ...]) -> str:
    """Return a JSON pointer for a place in the body, and the bare name for a parameter."""
    place, *path = location
    if place == "body":
        return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return str(path[0]) if path else str(place)


def _impossible(error: Exception) -> NoReturn:
    raise TypeError("a handler was called for an error that is not its own") from error
