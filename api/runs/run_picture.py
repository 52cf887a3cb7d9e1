"""Draws a run: its graph, with how far each node is."""

from collections.abc import Mapping
from typing import Any

from wand_orchestrator.api.runs.models import NodeView, RunView
from wand_orchestrator.contract.state import NodeStatus
from wand_orchestrator.drawing.picture import DrawnNode, Picture, picture_of


def run_picture(run: RunView, document: Mapping[str, Any] | None) -> Picture:
    """Return the picture of a run. `document`: its graph's; without it, the nodes alone are drawn."""
    known = document or {"name": run.name, "nodes": [{"id": name, "type": ""} for name in run.nodes]}

    def node_of(name: str) -> DrawnNode | None:
        node = run.nodes.get(name)
        return None if node is None else DrawnNode(node.status, _detail(node), node.handled, _reason(node))

    return picture_of(known, node_of)


def _detail(node: NodeView) -> str:
    words = [f"attempt {node.attempt}"] if node.attempt > 1 else []
    if node.percent is not None and node.status in (NodeStatus.SCHEDULED, NodeStatus.RUNNING):
        words.append(f"{node.percent} %")
    if node.status is NodeStatus.FAILED and node.error is not None:
        words.append(node.error.code)
    return ", ".join(words)


def _reason(node: NodeView) -> str:
    """Why it failed, or what it waits for."""
    return node.error.message if node.error is not None else "; ".join(node.waiting_for)
