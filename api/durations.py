"""Durations as people write them: `90s`, `15m`, `1h30m`, `7d`; a bare number counts seconds."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
_TEXT = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
MAX = timedelta(days=3650)


def parse_duration(value: Any) -> timedelta:
    """Raises ValueError."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _bounded(float(value))
    match = _TEXT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or not any(match.groups()):
        raise ValueError("a duration is a number of seconds, or text such as 90s, 15m, 1h30m or 7d")
    parts = zip(match.groups(), _UNITS.values(), strict=True)
    return _bounded(sum(float(count) * unit for count, unit in parts if count))


def duration_text(duration: timedelta) -> str:
    """The shortest text that `parse_duration` reads as the same."""
    rest = duration.total_seconds()
    text = ""
    for letter, unit in _UNITS.items():
        count = rest / unit if letter == "s" else rest // unit
        if count:
            text += f"{_digits(count)}{letter}"
            rest -= count * unit
    return text or "0s"


def _digits(count: float) -> str:
    return f"{count:.6f}".rstrip("0").rstrip(".")


def _whole(duration: timedelta) -> timedelta:
    """Temporal counts intervals in seconds, and would leave the rest out without a word."""
    if duration.microseconds:
        raise ValueError("whole seconds, please: Temporal keeps no part of one")
    return duration


def _at_least(least: timedelta) -> AfterValidator:
    """Pydantic's own bound would stand in the JSON Schema, as a number that nothing there can be compared with."""

    def check(duration: timedelta) -> timedelta:
        if duration < least:
            raise ValueError(f"at least {duration_text(least)}")
        return duration

    return AfterValidator(check)


def _bounded(seconds: float) -> timedelta:
    if not 0 <= seconds <= MAX.total_seconds():
        raise ValueError("a duration lies between 0 and ten years")
    return timedelta(seconds=seconds)


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(duration_text),
    WithJsonSchema({"anyOf": [{"type": "string", "examples": ["15m"]}, {"type": "number"}]}),
]
Interval = Annotated[Duration, AfterValidator(_whole), _at_least(timedelta(seconds=1))]
CatchupWindow = Annotated[Duration, _at_least(timedelta(seconds=10))]
