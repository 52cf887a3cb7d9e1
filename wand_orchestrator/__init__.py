"""Wand's ground: what the author of an agent imports, and what every other room builds on."""

from wand_orchestrator.agent import Agent, AgentContext, agent
from wand_orchestrator.errors import AgentError, PluginError, WandError
from wand_orchestrator.graph import Edge, Graph, Node, Options, Retry
from wand_orchestrator.tool import Tool, tool

__all__ = [
    "Agent",
    "AgentContext",
    "AgentError",
    "Edge",
    "Graph",
    "Node",
    "Options",
    "PluginError",
    "Retry",
    "Tool",
    "WandError",
    "agent",
    "tool",
]
