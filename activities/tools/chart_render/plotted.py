"""Converts a series to what is plotted: rows of x and y, and the type of the x axis."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from wand_orchestrator.activities.points import Point
from wand_orchestrator.errors import AgentError

MAX_POINTS = 20_000

Axis = Literal["quantitative", "temporal", "ordinal"]
Series = Annotated[
    list[float | int | Point | None],
    Field(description="Numbers, plotted in their order, or points `{x, y}`; null is left out."),
]

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Row(TypedDict):
    """A plotted point; on a temporal axis, `x` is in milliseconds since 1970."""

    x: float | int | str
    y: float | int


def plot(series: Sequence[Any]) -> tuple[Axis, list[Row]]:
    """Return the rows of a series. Raises AgentError `invalid_series`, also for a series without points."""
    rows = _rows(series)
    if not rows:
        raise _invalid("the series has no points: there is nothing to draw")
    if len(rows) > MAX_POINTS:
        raise _invalid(f"the series has {len(rows)} points, and at most {MAX_POINTS} are drawn: aggregate them")
    if not all(_is_finite(row["y"]) for row in rows):
        raise _invalid("the series has a y that is too large to draw")
    keys = [row["x"] for row in rows]
    if not all(isinstance(key, str) or _is_finite(key) for key in keys):
        raise _invalid("the series has an x that is too large to draw")
    if all(not isinstance(key, str) for key in keys):
        return "quantitative", rows
    times = _times(keys)
    if times is None:
        return "ordinal", [Row(x=str(row["x"]), y=row["y"]) for row in rows]
    return "temporal", [Row(x=time, y=row["y"]) for time, row in zip(times, rows, strict=True)]


def _rows(series: Sequence[Any]) -> list[Row]:
    given = [(index, item) for index, item in enumerate(series) if item is not None]
    points = sum(isinstance(item, dict) for _, item in given)
    if points not in (0, len(given)):
        raise _invalid("the series mixes numbers and points")
    if points:
        return [Row(x=item["x"], y=item["y"]) for _, item in given]
    return [Row(x=index, y=item) for index, item in given]


def _times(keys: Sequence[float | int | str]) -> list[int] | None:
    """Return milliseconds since 1970 if every key is a date in ISO 8601; one without an offset is in UTC."""
    times = []
    for key in keys:
        if not isinstance(key, str) or not _ISO_DATE.match(key):
            return None
        try:
            moment = datetime.fromisoformat(key)
        except ValueError:
            return None
        times.append(round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000))
    return times


def _is_finite(value: float | int) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _invalid(message: str) -> AgentError:
    return AgentError(message, code="invalid_series", retryable=False)
