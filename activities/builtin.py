"""Wand's own plug-in: every agent and tool that is a name of this module is registered."""

from wand_orchestrator.activities.agents.analyze.analyze import analyze
from wand_orchestrator.activities.agents.chart import chart
from wand_orchestrator.activities.agents.fetch import fetch
from wand_orchestrator.activities.agents.transform import transform
from wand_orchestrator.activities.models.model_agents import call_model, describe_model, run_tool
from wand_orchestrator.activities.tools.chart_render.chart_render import chart_render
from wand_orchestrator.activities.tools.http_fetch.http_fetch import http_fetch

__all__ = [
    "analyze",
    "call_model",
    "chart",
    "chart_render",
    "describe_model",
    "fetch",
    "http_fetch",
    "run_tool",
    "transform",
]
