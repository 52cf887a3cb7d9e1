"""Vega-Lite specs: made from a kind of chart, or checked as they came. Imports altair, which takes most of a second."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from activities.tools.chart_spec import ChartSpec
from activities.tools.plotted import Axis, Row
from wand_orchestrator.errors import AgentError

SYMBOLS_UP_TO = 100
"""Points that a line or an area marks one by one; more would cover it."""


def spec_of_kind(wanted: ChartSpec, axis: Axis, rows: Sequence[Row]) -> dict[str, Any]:
    base = alt.Chart(title=wanted.title) if wanted.title else alt.Chart()
    mark = _mark(base, wanted, len(rows))
    chart = mark.encode(x=_x(wanted, axis), y=alt.Y("y", type="quantitative", title=wanted.y))
    spec: dict[str, Any] = chart.properties(width=wanted.width, height=wanted.height).to_dict(validate=True)
    return spec | {"data": {"values": list(rows)}}


def checked(spec: dict[str, Any]) -> dict[str, Any]:
    """Raises AgentError `invalid_spec` with what Vega-Lite's schema says."""
    try:
        alt.Chart.from_dict({**spec, "data": {"values": []}})
    except alt.SchemaValidationError as error:
        reason = " ".join(str(error).split())
        raise AgentError(f"the spec is not Vega-Lite: {reason[:500]}", code="invalid_spec", retryable=False) from error
    return spec


def _mark(base: alt.Chart, wanted: ChartSpec, points: int) -> alt.Chart:
    if wanted.kind == "line":
        return base.mark_line(point=points <= SYMBOLS_UP_TO)
    if wanted.kind == "area":
        return base.mark_area(point=points <= SYMBOLS_UP_TO, line=True, opacity=0.5)
    return base.mark_bar() if wanted.kind == "bar" else base.mark_point(filled=True)


def _x(wanted: ChartSpec, axis: Axis) -> alt.X:
    """Times are read and written in UTC, so that a chart does not depend on where it was drawn."""
    if axis == "temporal":
        return alt.X("x", type="temporal", title=wanted.x, scale=alt.Scale(type="utc"))
    if axis == "quantitative" and wanted.kind != "bar":
        return alt.X("x", type="quantitative", title=wanted.x, scale=alt.Scale(zero=False))
    return alt.X("x", type="ordinal", title=wanted.x, sort=None, axis=alt.Axis(labelOverlap=True))
