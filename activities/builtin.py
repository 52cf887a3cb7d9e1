"""The plug-in that Wand brings itself: what stands here under a name is registered."""

from activities.agents.analyze import analyze
from activities.agents.chart import chart
from activities.agents.fetch import fetch
from activities.agents.transform import transform
from activities.tools.chart_render import chart_render
from activities.tools.http_fetch import http_fetch

__all__ = ["analyze", "chart", "chart_render", "fetch", "http_fetch", "transform"]
