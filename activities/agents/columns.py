"""Columns get types: from the texts of a CSV file, and from the values of JSON records.

Every value counts, not the first rows alone, and what fits no type stays text: nothing is lost by guessing.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

import polars as pl

_MISSING = ("", "na", "n/a", "nan", "null", "none", "-")
"""Texts, in lower case, that stand for no value in a column that otherwise has a type."""

_DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%b %d %Y", "%d %b %Y", "%B %d, %Y", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y")
_DATETIME_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%m/%d/%Y %H:%M",
)
_INT64 = range(-(2**63), 2**63)


def typed(texts: pl.Series, *, decimal_comma: bool = False) -> pl.Series:
    """A column of texts as integers, floats, booleans, dates or datetimes (UTC where they have an offset), or texts."""
    trimmed = texts.str.strip_chars()
    present = trimmed.set(trimmed.str.to_lowercase().is_in(_MISSING).fill_null(True), None)
    if present.null_count() == len(present):
        return present.cast(pl.Null) if len(present) else texts
    for converted in (_integers(present), _floats(present, decimal_comma), _booleans(present)):
        if _complete(converted, present):
            return converted
    return dated(present) if dated(present) is not present else texts.set(texts == "", None)


def dated(texts: pl.Series) -> pl.Series:
    """Dates or datetimes if one format fits every text; else `texts` itself."""
    for form in _DATE_FORMATS:
        converted = texts.str.to_date(form, strict=False)
        if _complete(converted, texts):
            return converted
    for form in _DATETIME_FORMATS:
        times = texts.str.to_datetime(form, strict=False, time_unit="us")
        if _complete(times, texts):
            return times
    return texts


def from_values(name: str, values: Sequence[Any]) -> pl.Series:
    """A column of JSON values. Lists, objects and a mixture of kinds become text, the former as JSON."""
    plain = [None if _is_nan(value) else value for value in values]
    kinds = {type(value) for value in plain if value is not None}
    if not kinds:
        return pl.Series(name, plain, dtype=pl.Null)
    if kinds == {bool}:
        return pl.Series(name, plain, dtype=pl.Boolean)
    if kinds == {str}:
        return dated(pl.Series(name, plain, dtype=pl.String))
    if kinds <= {int, float}:
        return _from_numbers(name, plain)
    return pl.Series(name, [None if value is None else as_text(value) for value in plain], dtype=pl.String)


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _from_numbers(name: str, values: list[Any]) -> pl.Series:
    """Integers that 64 bits cannot hold become floats, and what no float can hold, text."""
    if all(value is None or (isinstance(value, int) and value in _INT64) for value in values):
        return pl.Series(name, values, dtype=pl.Int64)
    try:
        floats = [None if value is None else float(value) for value in values]
    except OverflowError:
        return pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)
    return pl.Series(name, floats, dtype=pl.Float64)


def _integers(texts: pl.Series) -> pl.Series:
    return texts.cast(pl.Int64, strict=False)


def _floats(texts: pl.Series, decimal_comma: bool) -> pl.Series:
    """Infinities, which JSON does not have, and what overflows to them, are no floats."""
    written = texts.str.replace(",", ".", literal=True) if decimal_comma else texts
    floats = written.cast(pl.Float64, strict=False)
    return floats.set(~floats.is_finite().fill_null(True), None)


def _booleans(texts: pl.Series) -> pl.Series:
    lower = texts.str.to_lowercase()
    return (lower == "true").set(~lower.is_in(("true", "false")).fill_null(True), None)


def _complete(converted: pl.Series, texts: pl.Series) -> bool:
    return converted.null_count() == texts.null_count()


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
