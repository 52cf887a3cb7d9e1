"""The times of a schedule: Temporal keeps calendars and intervals, people write `cron` and `every`."""

from collections.abc import Sequence
from datetime import timedelta

from temporalio.client import ScheduleCalendarSpec, ScheduleIntervalSpec, ScheduleRange, ScheduleSpec

from wand_orchestrator.api.durations import duration_text

SEPARATOR = "; "
_FULL = {"hour": (0, 23), "minute": (0, 59), "day_of_month": (1, 31), "month": (1, 12), "day_of_week": (0, 6)}
_SECOND = (ScheduleRange(0),)


def spec_of(cron: str | None, every: timedelta | None, time_zone: str, jitter: timedelta | None) -> ScheduleSpec:
    """Temporal takes a cron expression apart and forgets it, but keeps its comment: so that is the expression again."""
    return ScheduleSpec(
        cron_expressions=[] if cron is None else [f"{cron} # {cron}"],
        intervals=[] if every is None else [ScheduleIntervalSpec(every=every)],
        time_zone_name=time_zone,
        jitter=jitter,
    )


def cron_of(spec: ScheduleSpec) -> str | None:
    """As it was given or, where Temporal's own tools gave calendars, in the same words."""
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
