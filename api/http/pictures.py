"""Answers with a picture instead of JSON where the caller asks for one: by `?format=`, or by the header `Accept`."""

import asyncio
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from wand_orchestrator.drawing.mermaid import mermaid_of
from wand_orchestrator.drawing.picture import Picture
from wand_orchestrator.drawing.svg import svg_of


class PictureFormat(StrEnum):
    JSON = "json"
    MERMAID = "mermaid"
    SVG = "svg"


MEDIA_TYPES = {
    PictureFormat.JSON: "application/json",
    PictureFormat.MERMAID: "text/vnd.mermaid",
    PictureFormat.SVG: "image/svg+xml",
}

Format = Annotated[
    PictureFormat | None,
    Query(description="`svg` or `mermaid`: a picture instead of JSON. Without it, the header `Accept` decides."),
]

_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
"""RFC 9110, 12.4.2: neither `nan` nor `inf`, which Python reads as numbers."""

VARY = {"Vary": "Accept"}
"""Of every answer of a route that can draw, JSON too: a cache must not give one form to who asks for another."""

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    **VARY,
}
"""An SVG that is opened by itself is a document, in which nothing may run."""

_TEXT = {"schema": {"type": "string"}}
PICTURES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "As JSON, or as a picture.",
        "content": {MEDIA_TYPES[PictureFormat.MERMAID]: _TEXT, MEDIA_TYPES[PictureFormat.SVG]: _TEXT},
    }
}
"""What a route that can answer with a picture declares besides its JSON."""


def wanted_format(request: Request, format: PictureFormat | None) -> PictureFormat:
    """Return the format of the answer: the one that `format` names, or the one that `Accept` likes best. JSON where it
    likes several alike, or none.
    """
    if format is not None:
        return format
    accepted = [_weighted(part) for header in request.headers.getlist("accept") for part in header.split(",")]
    return max(PictureFormat, key=lambda each: _liking(MEDIA_TYPES[each], accepted)) if accepted else PictureFormat.JSON


def _weighted(part: str) -> tuple[str, float]:
    media_type, *parameters = (each.strip().lower() for each in part.split(";"))
    weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    return media_type, float(weight) if _WEIGHT.fullmatch(weight) else 0.0


def _liking(media_type: str, accepted: list[tuple[str, float]]) -> float:
    """The weight of the most exact range that the type is in (RFC 9110, 12.5.1)."""
    for wanted in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        for given, weight in accepted:
            if given == wanted:
                return weight
    return 0.0


async def picture_response(format: PictureFormat, draw: Callable[[], Picture]) -> Response:
    """Return the answer with what `draw` returns, which is called in a thread: a graph may have 20,000 nodes."""
    write = svg_of if format is PictureFormat.SVG else mermaid_of
    text = await asyncio.to_thread(lambda: write(draw()))
    return Response(text, media_type=MEDIA_TYPES[format], headers=_HEADERS)
