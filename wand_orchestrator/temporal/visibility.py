"""What Temporal's lists show of a run, whoever starts it: search attributes to find it by, and a memo to read."""

from collections.abc import Sequence
from typing import Any

from temporalio.client import WorkflowExecutionDescription
from temporalio.common import SearchAttributePair

from wand_orchestrator.contract.bounds import bounded_text
from wand_orchestrator.contract.ids import is_child_run_id
from wand_orchestrator.contract.search_attributes import (
    WAND_GRAPH,
    WAND_GRAPH_ID,
    WAND_STATUS,
    WAND_TAGS,
)
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.graph import Graph

SUMMARY_BYTES = 400
"""Of a summary as JSON; Temporal refuses a longer one, and the workflow task that brings it."""


def summary(text: str) -> str:
    """Return the text cut to what Temporal shows beside an activity, a timer or a workflow."""
    return bounded_text(text, SUMMARY_BYTES - 2 - text.count('"') - text.count("\\"))


def root_of(description: WorkflowExecutionDescription) -> str | None:
    """Return the topmost run that a child run is a part of. A run that a foreign workflow started is no part of it."""
    id, parent, root = description.id, description.parent_id, description.root_id
    if parent is None or not is_child_run_id(id, parent):
        return None
    return root if root is not None and is_child_run_id(id, root) else parent


def search_attributes(name: str, graph_id: str | None, tags: Sequence[str]) -> list[SearchAttributePair[Any]]:
    """Return the search attributes of a run of the graph `name` at its start."""
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(WAND_GRAPH, name),
        SearchAttributePair(WAND_STATUS, RunStatus.RUNNING.value),
    ]
    if graph_id is not None:
        pairs.append(SearchAttributePair(WAND_GRAPH_ID, graph_id))
    if tags:
        pairs.append(SearchAttributePair(WAND_TAGS, list(tags)))
    return pairs


def memo(graph: Graph, graph_id: str | None, tags: Sequence[str], **more: Any) -> dict[str, Any]:
    """Return the memo of a run; unknown fields are left out."""
    said = {"graph": graph.name, "graph_id": graph_id, "nodes": len(graph.nodes), "tags": list(tags) or None, **more}
    return {name: value for name, value in said.items() if value is not None}
