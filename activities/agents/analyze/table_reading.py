"""Reads tables from CSV and JSON records, and describes them."""

import csv
import math
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import polars as pl

from wand_orchestrator.activities.agents.analyze.columns import from_values, typed
from wand_orchestrator.activities.agents.analyze.delimited import Dialect, allow_long_fields, rows_of
from wand_orchestrator.errors import AgentError

MAX_COLUMNS = 2000
MAX_CELLS = 10_000_000
"""Rows times columns: a few megabytes of short rows under a wide header, or of small objects with a key each, would
take gigabytes."""

_END = "\0end"
"""A last row that is read as such unless a quote is open: the standard library takes an open one for closed."""

_SCALE = 2.0**64
"""Sums of numbers near the largest that a float holds are taken of their parts."""


def read_csv(text: str, dialect: Dialect) -> pl.DataFrame:
    """Read a table from CSV. Short rows are filled with nulls; a row with more fields than columns is an error.

    Raises AgentError `invalid_csv`, which names the line, `too_many_columns`, `table_too_large`.
    """
    _check_size(text.count("\n") + 1, dialect.fields)
    columns = _split(text, dialect) if '"' not in text else _parse(text, dialect)
    names = _names([str(column[0] or "") for column in columns] if dialect.has_header else [""] * dialect.fields)
    skipped = 1 if dialect.has_header else 0
    texts = [column.slice(skipped).alias(name) for column, name in zip(columns, names, strict=True)]
    return pl.DataFrame(typed(texts, dialect.separator))


def _split(text: str, dialect: Dialect) -> list[pl.Series]:
    """Split a text without quotes, which is fast."""
    try:
        table = pl.read_csv(
            text.encode(),
            separator=dialect.separator,
            has_header=False,
            infer_schema=False,
            quote_char=None,
            new_columns=[str(index) for index in range(dialect.fields)],
            schema={str(index): pl.String for index in range(dialect.fields)},
        )
    except pl.exceptions.PolarsError:
        return _parse(text, dialect)
    return list(table.filter(~pl.all_horizontal(pl.all().fill_null("").str.strip_chars() == "")))


def _parse(text: str, dialect: Dialect) -> list[pl.Series]:
    allow_long_fields()
    columns: list[list[str | None]] = [[] for _ in range(dialect.fields)]
    try:
        for number, row in enumerate(rows_of(f"{text}\n{_END}", dialect.separator), start=1):
            if row == [_END]:
                break
            if len(row) > dialect.fields:
                raise _invalid_csv(f"row {number} has {len(row)} fields, and the first has {dialect.fields}")
            for column, field in zip_longest(columns, row):
                column.append(field)
        else:
            raise _invalid_csv("a quote is not closed")
    except csv.Error as error:
        raise _invalid_csv(str(error)) from error
    return [pl.Series(column, dtype=pl.String) for column in columns]


def _names(given: Sequence[str]) -> list[str]:
    """Return unique names: an unnamed column is called by its position, and a repeated name gets a number."""
    taken = set(given)
    names: list[str] = []
    for index, name in enumerate(given):
        candidate, number = name.strip() or f"column_{index}", 2
        while candidate in names or (candidate != name and candidate in taken):
            candidate, number = f"{name.strip() or f'column_{index}'}_{number}", number + 1
        names.append(candidate)
    return names


def read_records(records: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Read a table from objects: a row for each, a column for each key that any of them has."""
    names = list(dict.fromkeys(name for record in records for name in record))
    _check_size(len(records), len(names))
    return pl.DataFrame([from_values(name, [record.get(name) for record in records]) for name in names])


def read_columns(columns: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    """Read a table from lists of one length: a column for each key."""
    _check_size(max(map(len, columns.values()), default=0), len(columns))
    return pl.DataFrame([from_values(name, values) for name, values in columns.items()])


def describe(table: pl.DataFrame) -> dict[str, Any]:
    """Return `rows`, `columns`, and by column `types`, `nulls`, `numeric` figures and `dates` (first, last)."""
    return {
        "rows": table.height,
        "columns": table.width,
        "types": {column.name: _type(column.dtype) for column in table},
        "nulls": {column.name: column.null_count() for column in table},
        "numeric": {column.name: figures(column) for column in table if column.dtype.is_numeric()},
        "dates": {
            column.name: {"first": column.min().isoformat(), "last": column.max().isoformat()}  # type: ignore[union-attr]
            for column in table
            if column.dtype.is_temporal() and column.null_count() < len(column)
        },
    }


def figures(column: pl.Series) -> dict[str, float | int | None]:
    """Return the figures of the values that are not null. Quartiles are interpolated linearly; without values, all but
    `count` are null.
    """
    return {
        "count": column.count(),
        "mean": mean(column),
        "min": column.min(),  # type: ignore[dict-item]
        "q1": _quantile(column, 0.25),
        "median": _quantile(column, 0.5),
        "q3": _quantile(column, 0.75),
        "max": column.max(),  # type: ignore[dict-item]
    }


def mean(column: pl.Series) -> float | None:
    value = column.cast(pl.Float64).mean()
    if isinstance(value, float) and not math.isfinite(value):
        value = _SCALE * (column / _SCALE).mean()  # type: ignore[operator]
    return value  # type: ignore[return-value]


def _quantile(column: pl.Series, share: float) -> float | None:
    value = column.quantile(share, "linear")
    if value is not None and not math.isfinite(value):
        value = _SCALE * (column / _SCALE).quantile(share, "linear")  # type: ignore[operator]
    return value


def _type(dtype: pl.DataType) -> str:
    if dtype.is_integer():
        return "integer"
    if dtype.is_float():
        return "number"
    names = {pl.Boolean: "boolean", pl.Date: "date", pl.Datetime: "datetime", pl.Null: "empty"}
    return names.get(dtype.base_type(), "text")


def _check_size(rows: int, columns: int) -> None:
    if columns > MAX_COLUMNS:
        raise AgentError(
            f"the table has {columns} columns, and at most {MAX_COLUMNS} are read",
            code="too_many_columns",
            retryable=False,
        )
    if rows * columns > MAX_CELLS:
        raise AgentError(
            f"the table has {rows} rows of {columns} columns, and at most {MAX_CELLS} cells are read",
            code="table_too_large",
            retryable=False,
        )


def _invalid_csv(reason: str) -> AgentError:
    return AgentError(f"the CSV cannot be read: {reason}", code="invalid_csv", retryable=False)
