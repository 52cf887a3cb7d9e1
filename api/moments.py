"""Moments as the API takes and gives them."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, PlainSerializer

from wand_orchestrator.events import rfc3339

Moment = Annotated[datetime, PlainSerializer(rfc3339, when_used="json")]
"""UTC, RFC 3339 with milliseconds."""


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the moment lies outside of the years 1 to 9999 in UTC") from error


GivenMoment = Annotated[datetime, AfterValidator(_in_utc)]
"""A moment that a caller gives: in UTC, which is taken where none is named."""
