"""Parses texts as dates and times.

A format is tried where every text has its shape: by itself polars takes `1.2.3` for a day of the year 3. A month comes
before a day where both could be meant and slashes stand between, after it where points do. Years of two digits are
those from 1969 to 2068, as POSIX has it.
"""

import polars as pl

LAST_SHORT_YEAR = 2068

_MDY = r"\d{1,2}/\d{1,2}/"
_DATES = {
    "%Y-%m-%d": r"\d{4}-\d{1,2}-\d{1,2}",
    "%Y/%m/%d": r"\d{4}/\d{1,2}/\d{1,2}",
    "%b %d %Y": r"[A-Za-z]+ \d{1,2} \d{4}",
    "%d %b %Y": r"\d{1,2} [A-Za-z]+ \d{4}",
    "%B %d, %Y": r"[A-Za-z]+ \d{1,2}, \d{4}",
    "%d.%m.%Y": r"\d{1,2}\.\d{1,2}\.\d{4}",
    "%d.%m.%y": r"\d{2}\.\d{2}\.\d{2}",
    "%m/%d/%Y": _MDY + r"\d{4}",
    "%d/%m/%Y": _MDY + r"\d{4}",
    "%m/%d/%y": _MDY + r"\d{2}",
    "%d/%m/%y": _MDY + r"\d{2}",
}
"""By format, the shape of the text."""

_ISO = r"\d{4}-\d{1,2}-\d{1,2}"
_SECONDS = r"\d{1,2}:\d{2}:\d{2}(?:\.\d+)?"
_TIMES = {
    "%Y-%m-%dT%H:%M:%S%.f%#z": _ISO + "T" + _SECONDS + r" ?(?:Z|[+-]\d{2}:?(?:\d{2})?)",
    "%Y-%m-%d %H:%M:%S%.f%#z": _ISO + " " + _SECONDS + r" ?(?:Z|[+-]\d{2}:?(?:\d{2})?)",
    "%Y-%m-%dT%H:%M:%S%.f": _ISO + "T" + _SECONDS,
    "%Y-%m-%d %H:%M:%S%.f": _ISO + " " + _SECONDS,
    "%Y-%m-%dT%H:%M": _ISO + r"T\d{1,2}:\d{2}",
    "%Y-%m-%d %H:%M": _ISO + r" \d{1,2}:\d{2}",
    "%Y/%m/%d %H:%M:%S": r"\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d{2}:\d{2}",
    "%Y/%m/%d %H:%M": r"\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d{2}",
    "%d.%m.%Y %H:%M": r"\d{1,2}\.\d{1,2}\.\d{4} \d{1,2}:\d{2}",
    "%d.%m.%Y %H:%M:%S": r"\d{1,2}\.\d{1,2}\.\d{4} \d{1,2}:\d{2}:\d{2}",
    "%m/%d/%Y %H:%M": _MDY + r"\d{4} \d{1,2}:\d{2}",
    "%m/%d/%y %H:%M": _MDY + r"\d{2} \d{1,2}:\d{2}",
}


def dated(texts: pl.Series) -> pl.Series | None:
    """Return dates, or datetimes (UTC where they have an offset), if one format fits every text that is not null."""
    for form, shape in (_DATES | _TIMES).items():
        if not texts.str.contains(f"^{shape}$").all():
            continue
        read = _read(texts, form)
        if read.null_count() == texts.null_count() and bool(read.dt.year().is_between(1, 9999).all()):
            return read
    return None


def _read(texts: pl.Series, form: str) -> pl.Series:
    if form in _DATES:
        read = texts.str.to_date(form, strict=False)
    else:
        read = texts.str.to_datetime(form, strict=False, time_unit="us")
    if "%y" not in form:
        return read
    return read.dt.offset_by("-100y").zip_with(read.dt.year() > LAST_SHORT_YEAR, read)
