"""Implements functions of times, which are texts in RFC 3339.

What they return is in UTC, with milliseconds, so that two of them compare as texts. There are no names of time zones:
their rules change, and a replay must find the same.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from wand_orchestrator.graphs.functions.arithmetic import Number
from wand_orchestrator.graphs.functions.function import Call
from wand_orchestrator.graphs.functions.function_group import FunctionGroup

MAX_FORMAT_CHARS = 200
MAX_TIME_CHARS = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d))?", re.ASCII
)
_OFFSET = re.compile(r"([+-])(\d\d):?([0-5]\d)", re.ASCII)

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

WRITTEN: dict[str, Callable[[datetime], str]] = {
    "Y": lambda time: f"{time.year:04}",
    "m": lambda time: f"{time.month:02}",
    "d": lambda time: f"{time.day:02}",
    "H": lambda time: f"{time.hour:02}",
    "I": lambda time: f"{(time.hour + 11) % 12 + 1:02}",
    "p": lambda time: "AM" if time.hour < 12 else "PM",
    "M": lambda time: f"{time.minute:02}",
    "S": lambda time: f"{time.second:02}",
    "L": lambda time: f"{time.microsecond // 1000:03}",
    "y": lambda time: f"{time.year % 100:02}",
    "j": lambda time: f"{time.timetuple().tm_yday:03}",
    "u": lambda time: str(time.isoweekday()),
    "G": lambda time: f"{time.isocalendar().year:04}",
    "V": lambda time: f"{time.isocalendar().week:02}",
    "B": lambda time: _MONTHS[time.month - 1],
    "b": lambda time: _MONTHS[time.month - 1][:3],
    "A": lambda time: _DAYS[time.weekday()],
    "a": lambda time: _DAYS[time.weekday()][:3],
    "z": lambda time: f"{time:%z}",
    "%": lambda time: "%",
}
READ = {
    "Y": r"(?P<Y>\d{4})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})",
    "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})",
    "L": r"(?P<L>\d{3})",
    "B": f"(?P<B>{'|'.join(_MONTHS)})",
    "b": f"(?P<b>{'|'.join(month[:3] for month in _MONTHS)})",
    "z": r"(?P<z>[Zz]|[+-]\d\d:?\d\d)",
    "%": "%",
}


def written(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read(text: str) -> datetime:
    """Return the time that the text denotes. Raises ValueError."""
    found = _RFC_3339.fullmatch(text) if len(text) <= MAX_TIME_CHARS else None
    if found is None:
        raise ValueError("a time is written as 2026-01-31T12:00:00Z (RFC 3339)")
    *numbers, fraction, offset = found.groups()
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    microseconds = int((fraction or "0").ljust(6, "0")[:6])
    return datetime(year, month, day, hour, minute, second, microseconds, _zone(offset or "Z"))


def _zone(offset: str) -> timezone:
    if offset in ("Z", "z"):
        return UTC
    found = _OFFSET.fullmatch(offset)
    if found is None or int(found[2]) > 23:
        raise ValueError("an offset is written as +02:00")
    minutes = int(found[2]) * 60 + int(found[3])
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))


def _seconds(span: timedelta) -> Number:
    seconds = span.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


def _pieces(
    format: str, known: dict[str, object] | dict[str, str] | dict[str, Callable[[datetime], str]]
) -> list[tuple[bool, str]]:
    """Split a format into its directives, each by its letter, such as `Y` for `%Y`, and the texts between them. Raises
    ValueError.
    """
    if len(format) > MAX_FORMAT_CHARS:
        raise ValueError(f"a format has at most {MAX_FORMAT_CHARS} characters")
    text, *rest = re.split(r"%(.?)", format)
    pieces = [(False, text)]
    for letter, text in zip(rest[::2], rest[1::2], strict=True):
        if letter not in known:
            raise ValueError(f"the format has a part that is not known: it takes %{', %'.join(known)}")
        pieces += [(True, letter), (False, text)]
    return pieces


@lru_cache(maxsize=128)
def _reader(format: str) -> re.Pattern[str]:
    pieces = _pieces(format, READ)
    letters = [text for is_part, text in pieces if is_part and text != "%"]
    if len(set(letters)) < len(letters):
        raise ValueError("the format has a part twice")
    return re.compile("".join(READ[text] if is_part else re.escape(text) for is_part, text in pieces), re.ASCII)


TIMES = FunctionGroup("Times")


@TIMES.add("now() -> string", "Returns the moment at which the run evaluates the expression; a replay finds the same.")
def now(call: Call) -> str:
    if call.now is None:
        raise ValueError("now() has no clock here")
    return written(call.now)


@TIMES.add(
    "to_time(value: string | number) -> string",
    "Returns a time in UTC: of text in RFC 3339, of a date (its midnight), or of the seconds since 1970.",
    ("to_time(@)", "2026-03-01T14:30:00+02:00", "2026-03-01T12:30:00.000Z"),
    ("to_time(@)", 0, "1970-01-01T00:00:00.000Z"),
    value=read,
)
def to_time(call: Call, value: str | Number) -> str:
    return written(read(value) if isinstance(value, str) else _EPOCH + timedelta(seconds=value))


@TIMES.add(
    "unix_time(time: string) -> number",
    "Returns the seconds since 1970.",
    ("unix_time(@)", "1970-01-02T00:00:00Z", 86400),
    time=read,
)
def unix_time(call: Call, time: str) -> Number:
    return _seconds(read(time) - _EPOCH)


@TIMES.add(
    "add_seconds(time: string, seconds: number) -> string",
    "Returns the time so many seconds later.",
    ("add_seconds(@, `90`)", "2026-12-31T23:59:00Z", "2027-01-01T00:00:30.000Z"),
    time=read,
)
def add_seconds(call: Call, time: str, seconds: Number) -> str:
    return written(read(time) + timedelta(seconds=seconds))


@TIMES.add(
    "seconds_between(start: string, end: string) -> number",
    "Returns the seconds from the one time to the other.",
    ("seconds_between(@, '2026-01-02')", "2026-01-01T23:00:00Z", 3600),
    start=read,
    end=read,
)
def seconds_between(call: Call, start: str, end: str) -> Number:
    return _seconds(read(end) - read(start))


@TIMES.add(
    "is_before(time: string, other: string) -> boolean",
    "Tells whether the time comes before the other.",
    ("is_before(@, '2026-01-01T11:00:00Z')", "2026-01-01T12:00:00+02:00", True),
    time=read,
    other=read,
)
def is_before(call: Call, time: str, other: str) -> bool:
    return read(time) < read(other)


@TIMES.add(
    "is_after(time: string, other: string) -> boolean",
    "Tells whether the time comes after the other.",
    ("is_after(@, '2026-01-01')", "2026-01-01T00:00:01Z", True),
    time=read,
    other=read,
)
def is_after(call: Call, time: str, other: str) -> bool:
    return read(time) > read(other)


@TIMES.add(
    "format_time(time: string, format: string, offset?: string) -> string",
    "Writes a time; names of months and days are English. An offset such as `+02:00` is that of the clock on the wall.",
    ("format_time(@, '%d.%m.%Y %H:%M', '+02:00')", "2026-03-01T12:30:00Z", "01.03.2026 14:30"),
    ("format_time(@, '%A, %d %B %Y')", "2026-03-01", "Sunday, 01 March 2026"),
    time=read,
    format=lambda text: _pieces(text, WRITTEN),
    offset=_zone,
)
def format_time(call: Call, time: str, format: str, offset: str = "+00:00") -> str:
    local = read(time).astimezone(_zone(offset))
    pieces = _pieces(format, WRITTEN)
    return "".join(WRITTEN[text](local) if is_part else text for is_part, text in pieces)


@TIMES.add(
    "parse_time(text: string, format: string) -> string",
    "Reads a time that is written so, in UTC unless the format has `%z`.",
    ("parse_time(@, '%d.%m.%Y')", "01.03.2026", "2026-03-01T00:00:00.000Z"),
    ("parse_time(@, '%d/%b/%Y:%H:%M:%S %z')", "01/Mar/2026:12:30:00 +0200", "2026-03-01T10:30:00.000Z"),
    format=_reader,
)
def parse_time(call: Call, text: str, format: str) -> str:
    found = _reader(format).fullmatch(text) if len(text) <= MAX_TIME_CHARS else None
    if found is None:
        raise ValueError("the text is not written as the format says")
    parts = found.groupdict()
    month = int(parts.get("m") or 1)
    if name := parts.get("B") or parts.get("b"):
        month = next(number for number, full in enumerate(_MONTHS, 1) if full.startswith(name))
    day, hour, minute, second, milliseconds = (
        int(parts.get(part) or least) for part, least in (("d", 1), ("H", 0), ("M", 0), ("S", 0), ("L", 0))
    )
    zone = _zone(parts.get("z") or "Z")
    return written(datetime(int(parts.get("Y") or 1970), month, day, hour, minute, second, milliseconds * 1000, zone))
