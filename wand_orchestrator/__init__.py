"""Wand's ground: what the author of an agent imports, and what every other room builds on."""

from wand_orchestrator._agent import Agent, AgentContext, agent
from wand_orchestrator._tool import Tool, tool
from wand_orchestrator.errors import AgentError, PluginError, WandError
from wand_orchestrator.graph import Edge, Graph, Node, Options, Retry

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
