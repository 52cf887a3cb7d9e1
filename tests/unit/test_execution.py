"""Where a node's agent runs, as the snapshot of a run says."""

from typing import Any

import pytest

from wand_orchestrator._agent import agent
from wand_orchestrator.graph import Graph
from wand_orchestrator.graphs.execution import resolve_execution


@agent("short", local=True)
async def short() -> None:
    """Ends at once."""


@agent("long")
async def long() -> None:
    """Takes its time."""


AGENTS = {"short": short, "long": long}


@pytest.mark.parametrize(
    ("node", "execution"),
    [
        ({"type": "short"}, "local"),
        ({"type": "long"}, None),
        ({"type": "short", "execution": "regular"}, "regular"),
        ({"type": "long", "execution": "local"}, "local"),
        ({"type": "short", "queue": "elsewhere"}, None),
        ({"type": "long", "execution": "local", "queue": "elsewhere"}, None),
        ({"type": "unknown", "execution": "local"}, None),
        ({"type": "flow.map", "params": {"agent": "short"}}, "local"),
        ({"type": "flow.repeat", "params": {"agent": "long"}}, None),
        ({"type": "flow.map", "params": {"graph": "short"}}, None),
    ],
)
def test_a_node_runs_where_it_says_or_else_where_its_agent_says(node: dict[str, Any], execution: str | None) -> None:
    graph = Graph.model_validate({"name": "g", "nodes": [{"id": "a", **node}]})
    assert resolve_execution(graph, AGENTS).nodes[0].execution == execution


def test_a_graph_without_short_agents_stays_the_same_object() -> None:
    graph = Graph.model_validate({"name": "g", "nodes": [{"id": "a", "type": "long"}]})
    assert resolve_execution(graph, AGENTS) is graph


def test_what_was_resolved_stands_in_the_snapshot() -> None:
    graph = Graph.model_validate({"name": "g", "nodes": [{"id": "a", "type": "short"}]})
    snapshot = resolve_execution(graph, AGENTS).model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert snapshot["nodes"][0]["execution"] == "local"
