"""Wand's ground: what the author of an agent imports, and what every other room builds on.

A public name is loaded when it is first asked for: `wand --help`, and a shell that completes a command, import this
package too, and must not wait for pydantic.
"""

from typing import TYPE_CHECKING

from wand_orchestrator._lazy_names import lazy_names

if TYPE_CHECKING:
    from wand_orchestrator._agent import Agent, AgentContext, agent
    from wand_orchestrator._tool import Tool, tool
    from wand_orchestrator.builder.graph_builder import GraphBuilder
    from wand_orchestrator.errors import AgentError, PluginError, WandError
    from wand_orchestrator.graph import Edge, Graph, Node, Options, Retry

__all__ = [
    "Agent",
    "AgentContext",
    "AgentError",
    "Edge",
    "Graph",
    "GraphBuilder",
    "Node",
    "Options",
    "PluginError",
    "Retry",
    "Tool",
    "WandError",
    "agent",
    "tool",
]

_MODULES = {
    "_agent": ("Agent", "AgentContext", "agent"),
    "_tool": ("Tool", "tool"),
    "builder.graph_builder": ("GraphBuilder",),
    "errors": ("AgentError", "PluginError", "WandError"),
    "graph": ("Edge", "Graph", "Node", "Options", "Retry"),
}


__getattr__ = lazy_names(__name__, globals(), _MODULES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
