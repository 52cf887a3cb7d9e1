"""Durations as people write them: `90s`, `15m`, `1h30m`, `7d`; a bare number counts seconds."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

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
            text += f"{count:g}{letter}"
            rest -= count * unit
    return text or "0s"


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
