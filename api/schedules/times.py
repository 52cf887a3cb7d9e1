"""Converts the times of a schedule: Temporal has calendars and intervals, people write `cron` and `every`."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema
from temporalio.client import ScheduleCalendarSpec, ScheduleIntervalSpec, ScheduleRange, ScheduleSpec

_UNITS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
_TEXT = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
MAX = timedelta(days=3650)


def parse_duration(value: Any) -> timedelta:
    """Parse a number of seconds, or a text such as `90s` or `1h30m`. Raises ValueError."""
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
    """Return the shortest text that `parse_duration` reads as the same duration."""
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
    """Raise for fractions of a second, which Temporal would drop silently."""
    if duration.microseconds:
        raise ValueError("whole seconds, please: Temporal keeps no part of one")
    return duration


def _at_least(least: timedelta) -> AfterValidator:
    """Check the lower bound. Pydantic's own would stand in the JSON Schema as a number that does not apply
    to a text.
    """

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


SEPARATOR = "; "
_FULL = {"hour": (0, 23), "minute": (0, 59), "day_of_month": (1, 31), "month": (1, 12), "day_of_week": (0, 6)}
_SECOND = (ScheduleRange(0),)


def spec_of(cron: str | None, every: timedelta | None, time_zone: str, jitter: timedelta | None) -> ScheduleSpec:
    """Return Temporal's spec. Temporal parses a cron expression and drops its text, so the comment repeats it."""
    return ScheduleSpec(
        cron_expressions=[] if cron is None else [f"{cron} # {cron}"],
        intervals=[] if every is None else [ScheduleIntervalSpec(every=every)],
        time_zone_name=time_zone,
        jitter=jitter,
    )


def cron_of(spec: ScheduleSpec) -> str | None:
    """Return the cron expression as given or, for calendars of Temporal's own tools, an equivalent one."""
    texts = [calendar.comment or _cron(calendar) for calendar in spec.calendars]
    return SEPARATOR.join([*texts, *spec.cron_expressions]) or None


def every_of(spec: ScheduleSpec) -> str | None:
    return SEPARATOR.join(_every(interval) for interval in spec.intervals) or None


def _every(interval: ScheduleIntervalSpec) -> str:
    offset = f" + {duration_text(interval.offset)}" if interval.offset else ""
    return duration_text(interval.every) + offset


def _cron(calendar: ScheduleCalendarSpec) -> str:
    fields = [
        _field(calendar.minute, "minute"),
        _field(calendar.hour, "hour"),
        _field(calendar.day_of_month, "day_of_month"),
        _field(calendar.month, "month"),
        _field(calendar.day_of_week, "day_of_week"),
    ]
    if calendar.year:
        fields.append(_field(calendar.year, "year"))
    if tuple(calendar.second) != _SECOND:
        fields = [_field(calendar.second, "second"), *fields, *([] if calendar.year else ["*"])]
    return " ".join(fields)


def _field(ranges: Sequence[ScheduleRange], name: str) -> str:
    return ",".join(_range(each, _FULL.get(name)) for each in ranges) or "*"


def _range(each: ScheduleRange, full: tuple[int, int] | None) -> str:
    step = f"/{each.step}" if each.step > 1 else ""
    if (each.start, each.end) == full:
        return f"*{step}"
    return f"{each.start}{step}" if each.end <= each.start else f"{each.start}-{each.end}{step}"
