"""Extracts the series of a table that becomes its `insights`."""

from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any

import polars as pl

from wand_orchestrator.activities.agents.analyze.column_choice import Aggregate, ColumnChoice, Period
from wand_orchestrator.activities.points import Insights, Point
from wand_orchestrator.errors import AgentError

LONGEST_LABEL = 200
"""Characters of a text along the x axis."""

_TRUNCATE: dict[Period, str] = {"day": "1d", "month": "1mo", "year": "1y"}


def series_of(table: pl.DataFrame, params: ColumnChoice) -> Insights:
    """Return the chosen series. Raises AgentError, naming the column, for one that the table does not have."""
    if params.x is None:
        if params.by or params.aggregate:
            raise _unfit("aggregate and by need x, the column whose values gather the rows")
        return _numbers(table, params.y) if params.y else default_series(table)
    keys = _keys(table, params.x, params.by)
    aggregate = params.aggregate or ("count" if params.y is None else "mean" if params.by else None)
    if aggregate is None:
        return _points(keys, _numeric(table, str(params.y)))
    if aggregate == "count":
        counted = _column(table, params.y) if params.y else keys
        return _aggregated(keys, counted, aggregate)
    if params.y is None:
        raise _unfit(f"aggregate {aggregate} needs y, the column to take it of")
    return _aggregated(keys, _numeric(table, params.y), aggregate)


def default_series(table: pl.DataFrame) -> Insights:
    """Return the first numeric column; in a table without one, the counts of each value of the first column."""
    for column in table:
        if column.dtype.is_numeric():
            return _numbers(table, column.name)
    if not table.width or not table.height:
        return []
    return _aggregated(_keys(table, table.columns[0], None), table.to_series(0), "count")


def _keys(table: pl.DataFrame, name: str, by: Period | None) -> pl.Series:
    column = _column(table, name)
    if by is None:
        return column
    if not column.dtype.is_temporal():
        raise _unfit(f"by {by} needs dates, and the column {name!r} has none")
    return column.dt.truncate(_TRUNCATE[by]).cast(pl.Date)


def _numbers(table: pl.DataFrame, name: str) -> Insights:
    return list(_numeric(table, name).drop_nulls())


def _numeric(table: pl.DataFrame, name: str) -> pl.Series:
    column = _column(table, name)
    if not column.dtype.is_numeric() and column.dtype != pl.Null:
        raise _unfit(f"the column {name!r} is not numeric")
    return column


def _column(table: pl.DataFrame, name: str) -> pl.Series:
    if name in table.columns:
        return table[name]
    near = get_close_matches(name, table.columns)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise AgentError(
        f"the table has no column {name!r}{hint}",
        code="unknown_column",
        retryable=False,
        details={"columns": table.columns[:100]},
    )


def _points(x: pl.Series, y: pl.Series) -> Insights:
    rows = pl.DataFrame({"x": x, "y": y}).drop_nulls()
    return _as_points(rows["x"], rows["y"].to_list())


def _aggregated(x: pl.Series, y: pl.Series, aggregate: Aggregate) -> Insights:
    """Return one point for each value of x, in their order. Sums of integers are exact."""
    values = y.cast(pl.Int128) if aggregate == "sum" and y.dtype.is_integer() else y
    gathered = pl.DataFrame({"x": x, "y": values}).drop_nulls().group_by("x")
    column = pl.col("y")
    how = {
        "mean": column.mean,
        "sum": column.sum,
        "min": column.min,
        "max": column.max,
        "count": column.count,
    }[aggregate]
    rows = gathered.agg(how()).sort("x")
    if rows["y"].dtype.is_float() and not rows["y"].is_finite().all():
        raise _unfit(f"the {aggregate} of {y.name!r} is larger than a number can be")
    return _as_points(rows["x"], rows["y"].to_list())


def _as_points(x: pl.Series, y: Sequence[float | int]) -> Insights:
    return [Point(x=_plain(key), y=value) for key, value in zip(x.to_list(), y, strict=True)]


def _plain(key: Any) -> float | int | str:
    """Return the value as JSON; dates in ISO 8601."""
    if isinstance(key, date):  # a datetime is one too
        return key.isoformat()
    if isinstance(key, bool):
        return "true" if key else "false"
    return key if isinstance(key, int | float) else _label(str(key))


def _label(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"


def _unfit(message: str) -> AgentError:
    return AgentError(message, code="series", retryable=False)
