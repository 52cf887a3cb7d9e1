"""Wand's ground: what the author of an agent imports, and what every other room builds on.

A public name is loaded when it is first asked for: `wand --help`, and a shell that completes a command, import this
package too, and must not wait for pydantic.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_MODULES = {
    "_agent": ("Agent", "AgentContext", "agent"),
    "_tool": ("Tool", "tool"),
    "errors": ("AgentError", "PluginError", "WandError"),
    "graph": ("Edge", "Graph", "Node", "Options", "Retry"),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            value = getattr(import_module(f"{__name__}.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
