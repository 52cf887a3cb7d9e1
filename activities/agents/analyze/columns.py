"""Determines the types of columns, from the texts of a CSV file and from the values of JSON records.

Every value counts, not the first rows alone, and what fits no type stays text: nothing is lost by guessing.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

import polars as pl

from wand_orchestrator.activities.agents.analyze.dates import dated
from wand_orchestrator.activities.agents.analyze.numerals import floats, has_decimal_commas, integers

_MISSING = ("", "na", "n/a", "nan", "null", "none", "-")
"""Texts, in lower case, that stand for no value in a column that otherwise has a type."""

_INT64 = range(-(2**63), 2**63)


def typed(columns: Sequence[pl.Series], separator: str) -> list[pl.Series]:
    """Return columns of texts as integers, floats, booleans, dates, datetimes (UTC where they have an
    offset) or texts.
    """
    present = [_present(texts) for texts in columns]
    comma_file = separator != "," and any(map(has_decimal_commas, present))
    return [
        _typed(texts, values, separator=separator, comma_file=comma_file)
        for texts, values in zip(columns, present, strict=True)
    ]


def from_values(name: str, values: Sequence[Any]) -> pl.Series:
    """Return a column of JSON values. Lists and objects become JSON text, and a mixture of types becomes text."""
    plain = [None if _is_nan(value) else value for value in values]
    kinds = {type(value) for value in plain if value is not None}
    if not kinds:
        return pl.Series(name, plain, dtype=pl.Null)
    if kinds == {bool}:
        return pl.Series(name, plain, dtype=pl.Boolean)
    if kinds == {str}:
        texts = pl.Series(name, plain, dtype=pl.String)
        return _or(dated(texts), texts)
    if kinds <= {int, float}:
        return _from_numbers(name, plain)
    return _texts(name, plain)


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _present(texts: pl.Series) -> pl.Series:
    trimmed = texts.str.strip_chars()
    return trimmed.set(trimmed.str.to_lowercase().is_in(_MISSING).fill_null(True), None)


def _typed(texts: pl.Series, present: pl.Series, *, separator: str, comma_file: bool) -> pl.Series:
    if present.null_count() == len(present):
        return present.cast(pl.Null) if len(present) else texts
    for converted in (
        integers(present),
        floats(present, separator=separator, comma_file=comma_file),
        _booleans(present),
    ):
        if _complete(converted, present):
            return converted
    return _or(dated(present), texts.set(texts == "", None))


def _texts(name: str, values: Sequence[Any]) -> pl.Series:
    return pl.Series(name, [None if value is None else as_text(value) for value in values], dtype=pl.String)


def _from_numbers(name: str, values: list[Any]) -> pl.Series:
    """Return a column of numbers. Integers beyond 64 bits become floats if these are exact, and otherwise text."""
    if all(value is None or (isinstance(value, int) and value in _INT64) for value in values):
        return pl.Series(name, values, dtype=pl.Int64)
    try:
        numbers = [None if value is None else float(value) for value in values]
    except OverflowError:
        return _texts(name, values)
    if any(isinstance(value, int) and value != number for value, number in zip(values, numbers, strict=True)):
        return _texts(name, values)
    return pl.Series(name, numbers, dtype=pl.Float64)


def _booleans(texts: pl.Series) -> pl.Series:
    lower = texts.str.to_lowercase()
    return (lower == "true").set(~lower.is_in(("true", "false")).fill_null(True), None)


def _or(converted: pl.Series | None, texts: pl.Series) -> pl.Series:
    return texts if converted is None else converted


def _complete(converted: pl.Series, texts: pl.Series) -> bool:
    return converted.null_count() == texts.null_count()


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
