"""Defines the series that agent.analyze returns and agent.chart draws: numbers, or points."""

from typing_extensions import TypedDict  # pydantic takes no other on Python 3.11


class Point(TypedDict):
    """A point of a series; `x` is a number, a text, or a date as ISO 8601 text."""

    x: float | int | str
    y: float | int


Insights = list[float | int | Point]
