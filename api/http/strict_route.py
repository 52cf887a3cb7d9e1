"""Checks each request before FastAPI does: only known parameters, each once, of storable text.

A misspelt filter that is ignored gives the whole list, and of `?limit=1&limit=2` nobody knows which one counts.
"""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, ClassVar

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.responses import Response

from wand_orchestrator.api.http.problems import ProblemFault, UnsupportedMediaType, request_invalid
from wand_orchestrator.errors import BadRequest
from wand_orchestrator.graphs.strict_json import is_storable
from wand_orchestrator.validation.suggestions import Near

_LISTS = (list, tuple, set, frozenset)


class StrictRoute(APIRoute):
    """A route that rejects what FastAPI would ignore."""

    media_types: ClassVar[frozenset[str]] = frozenset()
    """Of bodies that it accepts besides JSON."""

    def require_type(self, request: Request) -> None:
        """Raise unless the body is declared as JSON or as another type that this route accepts, also for an unused
        body: pages cannot send one to another origin unasked.
        """
        kind = media_type_of(request)
        if not (is_json(kind) or kind in self.media_types):
            others = "".join(f" or {other}" for other in sorted(self.media_types))
            raise UnsupportedMediaType(f"the body has to be sent as Content-Type: application/json{others}")

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        several = {name: takes for dependant in _all_of(self.dependant) for name, takes in _query_of(dependant)}

        async def check_and_handle(request: Request) -> Response:
            if faults := _faults(request, several):
                return request_invalid(faults)
            _require_storable(request)
            if "content-type" in request.headers and request.method not in ("GET", "HEAD"):
                self.require_type(request)
            return await handle(request)

        return check_and_handle


def media_type_of(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _all_of(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for needed in dependant.dependencies:
        yield from _all_of(needed)


def _query_of(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Return the route's query parameters, and whether each may be repeated."""
    for field in dependant.query_params:
        kind = getattr(field.field_info.annotation, "__origin__", field.field_info.annotation)
        yield field.alias, kind in _LISTS


def _faults(request: Request, several: dict[str, bool]) -> list[ProblemFault]:
    faults: dict[str, ProblemFault] = {}
    seen: set[str] = set()
    near = Near()
    for name, _ in request.query_params.multi_items():
        if name not in several:
            hint = near.hint("", name, several)
            faults[name] = _fault(name, "unknown_parameter", f"there is no such parameter here{hint}")
        elif name in seen and not several[name]:
            faults[name] = _fault(name, "repeated_parameter", "stands more than once, and can have one value")
        seen.add(name)
    return list(faults.values())


def _fault(name: str, code: str, message: str) -> ProblemFault:
    return ProblemFault(pointer=name[:200], code=code, message=message)


def _require_storable(request: Request) -> None:
    texts = [*request.path_params.values(), *request.query_params.values(), request.headers.get("idempotency-key", "")]
    if not all(is_storable(text) for text in map(str, texts)):
        raise BadRequest(
            "the address holds a NUL character or half a surrogate pair, which cannot be stored", code="unstorable_text"
        )
