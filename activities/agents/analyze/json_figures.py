"""Describes a JSON value: a table, numbers, figures by name, or anything else."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from wand_orchestrator.activities.agents.analyze.columns import from_values
from wand_orchestrator.activities.agents.analyze.table_reading import figures, read_columns, read_records
from wand_orchestrator.activities.points import Insights, Point

_TYPES: dict[type, str] = {
    dict: "object",
    list: "list",
    str: "text",
    bool: "boolean",
    int: "number",
    float: "number",
    type(None): "null",
}


def table_in(value: Any) -> pl.DataFrame | None:
    """Return the table in a JSON value: a list of objects, an object of lists of equal length, or an object with one
    list of objects in it, as the answers of many APIs have. None if there is no table.
    """
    if is_records(value):
        return read_records(value)
    if not isinstance(value, dict) or not value:
        return None
    held = [member for member in value.values() if is_records(member)]
    if len(held) == 1:
        return read_records(held[0])
    if _are_columns(list(value.values())):
        return read_columns(value)
    return None


def is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def describe(value: Any) -> tuple[Insights, dict[str, Any]]:
    """Return insights and summary of a value that is not a table."""
    if isinstance(value, list) and value and all(item is None or _is_number(item) for item in value):
        return _of_numbers(value)
    if isinstance(value, Mapping):
        return _of_members(value)
    summary: dict[str, Any] = {"type": _TYPES[type(value)]}
    if isinstance(value, list):
        summary |= {"length": len(value), "types": _count_types(value)}
    return [], summary


def _of_numbers(values: Sequence[Any]) -> tuple[Insights, dict[str, Any]]:
    column = from_values("value", values)
    if not column.dtype.is_numeric():
        return [], {"type": "list", "length": len(values), "types": _count_types(values)}
    summary = {"type": "list", "length": len(values), "nulls": column.null_count(), **figures(column)}
    return list(column.drop_nulls()), summary


def _of_members(members: Mapping[str, Any]) -> tuple[Insights, dict[str, Any]]:
    numbers = {name: value for name, value in members.items() if _is_number(value)}
    summary = {"type": "object", "length": len(members), "types": _count_types(list(members.values()))}
    return [Point(x=name, y=value) for name, value in numbers.items()], summary | {"numbers": numbers}


def _count_types(values: Sequence[Any]) -> dict[str, int]:
    names = [_TYPES[type(value)] for value in values]
    return {name: names.count(name) for name in dict.fromkeys(names)}


def _are_columns(members: list[Any]) -> bool:
    lengths = {len(member) if isinstance(member, list) else -1 for member in members}
    return len(lengths) == 1 and min(lengths) > 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
