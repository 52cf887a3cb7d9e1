"""What a fetch gives."""

import json as json_format
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import httpx
from pydantic import Field

BodyEncoding = Literal["text", "base64"]


@dataclass(frozen=True)
class Page:
    """A response, read to its end."""

    status: int
    headers: Annotated[dict[str, str], Field(description="By lower-case name; repeated ones joined by a comma.")]
    body: Annotated[str, Field(description="Text; base64 where the body is not text.")]
    body_encoding: Annotated[BodyEncoding, Field(description="How `body` is to be read.")]
    json: Annotated[Any, Field(description="The parsed body where the media type is JSON, else null.")]
    url: Annotated[str, Field(description="Where the page was in the end, after redirects, without credentials.")]


def media_type(headers: httpx.Headers) -> str:
    declared: str = headers.get("content-type", "")
    return declared.partition(";")[0].strip().lower()


def is_json(media: str) -> bool:
    return media in ("application/json", "text/json") or media.endswith("+json")


def parse_json(content: bytes) -> Any:
    """Raises ValueError. NaN and infinities, which JSON does not have, become null."""
    try:
        return json_format.loads(content, parse_constant=lambda constant: None)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def decode_text(content: bytes, charset: str | None, media: str) -> str | None:
    """`content` as text, by its charset or as UTF-8; None if it is not text.

    A page that says it is text keeps what can be read of it, the rest as U+FFFD.
    """
    encoding = "utf-8-sig" if (charset or "utf-8").lower() in ("utf-8", "utf8") else str(charset)
    try:
        text = content.decode(encoding)
    except (LookupError, UnicodeError):
        return content.decode("utf-8", "replace") if _says_text(media) else None
    return text if "\0" not in text or _says_text(media) else None


def _says_text(media: str) -> bool:
    return media.startswith("text/") or is_json(media) or media.endswith(("/xml", "+xml"))
