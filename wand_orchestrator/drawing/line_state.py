"""Tells what became of an edge, as far as the states of the nodes at its ends tell."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from wand_orchestrator.contract.state import NodeStatus
from wand_orchestrator.graph import INPUT_SOURCE

if TYPE_CHECKING:
    from wand_orchestrator.drawing.picture import DrawnNode

LineState = Literal["open", "taken", "not taken", "perhaps"]
"""`perhaps`: an edge with a condition into a node that ran for any of its edges; the journal tells no more."""

_NEVER_RAN = (NodeStatus.PENDING, NodeStatus.SKIPPED, NodeStatus.CANCELLED)


def line_state(
    edge: Mapping[str, Any],
    source: "DrawnNode | None",
    target: "DrawnNode | None",
    documents: Mapping[str, Mapping[str, Any]],
) -> LineState:
    """Return the state of an edge; `documents`: of the nodes, by id."""
    decided = NodeStatus.SUCCEEDED if edge["from"] == INPUT_SOURCE else source.status if source else NodeStatus.PENDING
    if not decided.settled:
        return "open"
    if not _fits(edge.get("on", "success"), decided, source, documents[edge["from"]]):
        return "not taken"
    if not edge.get("when"):
        return "taken"
    reached = target.status if target else NodeStatus.PENDING
    if reached not in _NEVER_RAN and documents[edge["to"]].get("join", "all") == "all":
        return "taken"
    return {NodeStatus.PENDING: "open", NodeStatus.SKIPPED: "not taken"}.get(reached, "perhaps")  # type: ignore[return-value]


def _fits(on: Any, status: NodeStatus, source: "DrawnNode | None", document: Mapping[str, Any]) -> bool:
    """Return whether an edge on this is judged once its source has ended so. Of a failure that nothing handles none is
    taken; those on success of an optional node that failed are judged on null.
    """
    if status is NodeStatus.SUCCEEDED:
        return str(on) != "failure"
    if status is not NodeStatus.FAILED or source is None:
        return False
    optional = document.get("optional") is True
    return optional or (on != "success" and source.handled)
