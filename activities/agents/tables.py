"""Tables: read from CSV and from JSON records, and described."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from activities.agents.columns import from_values, typed
from activities.agents.delimited import Dialect
from wand_orchestrator.errors import AgentError

MAX_COLUMNS = 2000


def read_csv(text: str, dialect: Dialect) -> pl.DataFrame:
    """Rows that end early are filled with nulls; a row with more fields than columns is a fault.

    Raises AgentError `invalid_csv`, which names the line.
    """
    _check_width(dialect.fields)
    try:
        texts = pl.read_csv(
            text.encode("utf-8", "replace"),
            separator=dialect.separator,
            has_header=dialect.has_header,
            infer_schema=False,
        )
    except pl.exceptions.PolarsError as error:
        raise _invalid_csv(text, dialect) from error
    rows = texts.filter(~pl.all_horizontal(pl.all().is_null())) if texts.width else texts
    return pl.DataFrame([typed(column, decimal_comma=dialect.separator == ";") for column in rows])


def read_records(records: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """A row for each object, a column for each key that any of them has."""
    names = list(dict.fromkeys(name for record in records for name in record))
    _check_width(len(names))
    return pl.DataFrame([from_values(name, [record.get(name) for record in records]) for name in names])


def read_columns(columns: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    """A column for each key; the lists are of one length."""
    _check_width(len(columns))
    return pl.DataFrame([from_values(name, values) for name, values in columns.items()])


def describe(table: pl.DataFrame) -> dict[str, Any]:
    """`rows`, `columns`, `types` and `nulls` by column, `numeric` figures and `dates` (first, last) by column."""
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
    """Of what is not null. Quartiles are interpolated linearly; of no values, all but `count` are null."""
    return {
        "count": column.count(),
        "mean": column.cast(pl.Float64).mean(),  # type: ignore[dict-item]
        "min": column.min(),  # type: ignore[dict-item]
        "q1": column.quantile(0.25, "linear"),
        "median": column.quantile(0.5, "linear"),
        "q3": column.quantile(0.75, "linear"),
        "max": column.max(),  # type: ignore[dict-item]
    }


def _type(dtype: pl.DataType) -> str:
    if dtype.is_integer():
        return "integer"
    if dtype.is_float():
        return "number"
    names = {pl.Boolean: "boolean", pl.Date: "date", pl.Datetime: "datetime", pl.Null: "empty"}
    return names.get(dtype.base_type(), "text")


def _check_width(columns: int) -> None:
    if columns > MAX_COLUMNS:
        raise AgentError(
            f"the table has {columns} columns, and at most {MAX_COLUMNS} are read",
            code="too_many_columns",
            retryable=False,
        )


def _invalid_csv(text: str, dialect: Dialect) -> AgentError:
    reader = csv.reader(io.StringIO(text), delimiter=dialect.separator)
    try:
        line = next((reader.line_num for row in reader if len(row) > dialect.fields), None)
    except csv.Error:
        line = reader.line_num
    where = f"line {line} has more than {dialect.fields} fields" if line else "a quote is not closed"
    return AgentError(f"the CSV cannot be read: {where}", code="invalid_csv", retryable=False)
