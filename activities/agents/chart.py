"""Implements the agent `agent.chart`."""

import re

from pydantic import BaseModel, ConfigDict, Field

from wand_orchestrator import AgentContext, agent
from wand_orchestrator.activities.tools.chart_render.chart_render import Drawing
from wand_orchestrator.activities.tools.chart_render.chart_spec import ChartSpec, Spec
from wand_orchestrator.activities.tools.chart_render.drawing import Format
from wand_orchestrator.activities.tools.chart_render.plotted import Series


class ChartParams(BaseModel):
    model_config = ConfigDict(extra="forbid")

    spec: Spec = Field(default_factory=ChartSpec)
    format: Format = "svg"


class ChartInput(BaseModel):
    series: Series


class ChartOutput(BaseModel):
    chart_url: str = Field(description="Path of the image in the API.")
    points: int = Field(description="How many of the series were drawn.")
    media_type: str


@agent("agent.chart", tools=["chart.render"])
async def chart(params: ChartParams, input: ChartInput, ctx: AgentContext) -> ChartOutput:
    """Draws a series as a chart, SVG or PNG, and saves it with the run under the node's id, `chart.svg`."""
    drawing: Drawing = await ctx.tools["chart.render"](series=input.series, spec=params.spec, format=params.format)
    url: str = await ctx.save_artifact(_file_name(ctx.node_id, params.format), drawing.image, drawing.media_type)
    return ChartOutput(chart_url=url, points=drawing.points, media_type=drawing.media_type)


def _file_name(node: str, format: Format) -> str:
    """Return a file name for the node; ids of items and rounds such as `m[0]` become `m-0`."""
    stem = "-".join(re.findall(r"[\w.\-]+", node)).lstrip("._-")[:200]
    return f"{stem or 'chart'}.{format}"
