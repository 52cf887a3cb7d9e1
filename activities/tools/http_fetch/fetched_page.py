"""Defines the result of a fetch."""

import json as json_format
import re
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Any, Literal

import httpx
from pydantic import Field

from wand_orchestrator.graphs.nesting import is_deeper

JSON_DEPTH = 90
"""Levels of a parsed body: few enough for an output that holds it, wherever that is carried."""

_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")

BodyEncoding = Literal["text", "base64"]


@dataclass(frozen=True)
class FetchedPage:
    """A response, read to its end."""

    status: int
    headers: Annotated[dict[str, str], Field(description="By lower-case name; repeated ones joined by a comma.")]
    body: Annotated[str, Field(description="Text; base64 where the body is not text.")]
    body_encoding: Annotated[BodyEncoding, Field(description="How `body` is to be read.")]
    json: Annotated[Any, Field(description="The parsed body where the media type is JSON, else null.")]
    json_error: Annotated[str | None, Field(description="Why `json` is null although the media type is JSON.")]
    url: Annotated[str, Field(description="Where the page was in the end, after redirects, without credentials.")]


def media_type(headers: httpx.Headers) -> str:
    declared: str = headers.get("content-type", "")
    return declared.partition(";")[0].strip().lower()


def parse_json(text: str) -> Any:
    """Parse a text as JSON. NaN and infinities, which JSON cannot express, become null.

    Raises ValueError for what is no JSON, and for what no output can hold: half a surrogate pair, a number or a nesting
    that other readers refuse.
    """
    try:
        value = json_format.loads(text, parse_constant=lambda constant: None, parse_float=_float)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if is_deeper(value, JSON_DEPTH):
        raise ValueError(f"it is nested in more than {JSON_DEPTH} levels")
    if _ESCAPED_HALF.search(text):
        json_format.dumps(value, ensure_ascii=False).encode()
    return value


def _float(digits: str) -> float:
    value = float(digits)
    if not isfinite(value):
        raise ValueError(f"the number {digits[:20]} is too large")
    return value
