"""Builds Vega-Lite specs from a kind of chart, and checks given ones. Imports altair, which takes most of a second."""

from collections.abc import Sequence
from typing import Any

import altair as alt
from jsonschema.exceptions import ValidationError

from wand_orchestrator.activities.tools.chart_render.chart_spec import ChartSpec, Kind
from wand_orchestrator.activities.tools.chart_render.plotted import Axis, Row
from wand_orchestrator.errors import AgentError

SYMBOLS_UP_TO = 100
"""Points that a line or an area marks one by one; more would cover it."""


BAND = 0.8
"""Share of a time's place that its bar takes."""


def spec_of_kind(wanted: ChartSpec, axis: Axis, rows: Sequence[Row]) -> dict[str, Any]:
    bar = max(1.0, BAND * wanted.width / len(rows))
    chart = alt.Chart(
        mark=_mark(wanted.kind, axis, len(rows), bar),
        title=wanted.title or "",
        width=wanted.width,
        height=wanted.height,
    ).encode(x=_x(wanted, axis, bar), y=alt.Y("y", type="quantitative", title=wanted.y))
    spec: dict[str, Any] = chart.to_dict()
    return spec | {"data": {"values": list(rows)}}


def checked(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the spec. Raises AgentError `invalid_spec`, whose message names the place that does not fit Vega-Lite's
    schema.
    """
    try:
        alt.Chart.from_dict({**spec, "data": {"values": []}})
    except ValidationError as error:
        place = ".".join(map(str, ("spec", *error.absolute_path)))
        reason = f"{place}: {_reason(error)}"[:500]
        raise AgentError(f"the spec is not Vega-Lite: {reason}", code="invalid_spec", retryable=False) from None
    return spec


def _reason(error: ValidationError) -> str:
    """Return the reason of a misfit; of several alternatives, the schema names only one as expected."""
    if error.validator in ("const", "enum"):
        return f"{error.instance!r} is not one of the values that can stand here"
    message: str = error.message
    return message


def _mark(kind: Kind, axis: Axis, points: int, bar: float) -> alt.MarkDef:
    symbols = points <= SYMBOLS_UP_TO
    if kind == "line":
        return alt.MarkDef(type="line", point=symbols)
    if kind == "area":
        return alt.MarkDef(type="area", point=symbols, line=True, opacity=0.5)
    if kind == "scatter":
        return alt.MarkDef(type="point", filled=True)
    return alt.MarkDef(type="bar", size=bar) if axis == "temporal" else alt.MarkDef(type="bar")


def _x(wanted: ChartSpec, axis: Axis, bar: float) -> alt.X:
    """Return the x axis. Times are in UTC, so that a chart does not depend on where it was drawn."""
    if axis == "temporal":
        padding = bar / 2 if wanted.kind == "bar" else 0
        return alt.X("x", type="temporal", title=wanted.x, scale=alt.Scale(type="utc", padding=padding))
    if axis == "quantitative" and wanted.kind != "bar":
        return alt.X("x", type="quantitative", title=wanted.x, scale=alt.Scale(zero=False))
    return alt.X("x", type="ordinal", title=wanted.x, sort=None, axis=alt.Axis(labelOverlap=True))
