"""Defines the API's format of times."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from wand_orchestrator.contract.events import ShownMoment

Moment = ShownMoment


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the moment lies outside of the years 1 to 9999 in UTC") from error


def _as_text(value: Any) -> Any:
    """Raise for numbers, which pydantic would read as seconds since 1970."""
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise ValueError("a moment is text as RFC 3339 has it, such as 2026-07-31T12:00:00Z")
    return value


_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?)?", re.ASCII)

GivenMoment = Annotated[datetime, BeforeValidator(_as_text), AfterValidator(_in_utc)]
"""A moment that a caller gives: in UTC, which is taken where none is named."""

AwareMoment = Annotated[AwareDatetime, BeforeValidator(_as_text), AfterValidator(_in_utc)]
"""A moment that a caller gives with its offset from UTC: in UTC."""
