"""Builds graphs in Python, typed, as documents that the API takes (docs/builder.md).

    from wand_orchestrator.builder import GraphBuilder, functions as f, given, template

Names are loaded when they are first asked for.
"""

from typing import TYPE_CHECKING

from wand_orchestrator._lazy_names import lazy_names

if TYPE_CHECKING:
    from wand_orchestrator.builder import functions
    from wand_orchestrator.builder.given_values import given, literal, template
    from wand_orchestrator.builder.graph_builder import BuildFault, BuildFaults, GraphBuilder
    from wand_orchestrator.builder.node_handle import EdgeFrom, NodeHandle
    from wand_orchestrator.builder.targets import ChildGraph, Each
    from wand_orchestrator.builder.value import BuilderError, expr

__all__ = [
    "BuildFault",
    "BuildFaults",
    "BuilderError",
    "ChildGraph",
    "Each",
    "EdgeFrom",
    "GraphBuilder",
    "NodeHandle",
    "expr",
    "functions",
    "given",
    "literal",
    "template",
]

_MODULES = {
    "given_values": ("given", "literal", "template"),
    "graph_builder": ("BuildFault", "BuildFaults", "GraphBuilder"),
    "node_handle": ("EdgeFrom", "NodeHandle"),
    "targets": ("Each", "ChildGraph"),
    "value": ("BuilderError", "expr"),
}


__getattr__ = lazy_names(__name__, globals(), _MODULES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
