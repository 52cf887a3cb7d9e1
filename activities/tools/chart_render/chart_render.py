"""Implements the tool `chart.render`."""

import asyncio
from dataclasses import dataclass
from typing import Any

from wand_orchestrator import tool
from wand_orchestrator.activities.extras import needs_extra
from wand_orchestrator.activities.tools.chart_render.chart_spec import ChartSpec, Spec, VegaLiteSpec, refuse_urls
from wand_orchestrator.activities.tools.chart_render.drawable import drawable
from wand_orchestrator.activities.tools.chart_render.drawing import Format, draw
from wand_orchestrator.activities.tools.chart_render.plotted import Series, plot

MEDIA_TYPES: dict[Format, str] = {"svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True)
class Drawing:
    """An image; `points` is the number of points of the series in it."""

    image: bytes
    media_type: str
    points: int


@tool("chart.render")
async def chart_render(series: Series, spec: Spec, format: Format = "svg") -> Drawing:
    """Draws a series by Vega-Lite, offline, as SVG or PNG."""
    full, points = await asyncio.to_thread(_full_spec, series, spec)
    return Drawing(image=await draw(full, format), media_type=MEDIA_TYPES[format], points=points)


def _full_spec(series: Series, spec: ChartSpec | VegaLiteSpec) -> tuple[dict[str, Any], int]:
    """Return the Vega-Lite spec with its data, and the number of points of the series in it."""
    with needs_extra("chart"):
        import vl_convert  # noqa: F401 - the process that draws would fail with less to say

        from wand_orchestrator.activities.tools.chart_render.vega import checked, spec_of_kind
    if isinstance(spec, ChartSpec):
        axis, rows = plot(series)
        return drawable(spec_of_kind(spec, axis, rows)), len(rows)
    wanted = drawable(spec.root)
    refuse_urls(wanted)
    own_data = "data" in wanted
    rows = [] if own_data else plot(series)[1]
    return checked(wanted) | ({} if own_data else {"data": {"values": drawable(rows)}}), len(rows)
