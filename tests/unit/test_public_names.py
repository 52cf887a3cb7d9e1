"""What authors of plug-ins may rely on: a change of this list is a change of the product."""

import wand_orchestrator


def test_the_public_names_are_exactly_these() -> None:
    assert wand_orchestrator.__all__ == [
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


def test_every_public_name_exists() -> None:
    assert [name for name in wand_orchestrator.__all__ if not hasattr(wand_orchestrator, name)] == []


def test_the_decorators_are_functions_although_modules_have_their_names() -> None:
    assert callable(wand_orchestrator.agent)
    assert callable(wand_orchestrator.tool)
