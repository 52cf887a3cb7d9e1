"""Finds what a node asks of somebody outside of its run, while it waits for an answer or an event."""

from dataclasses import dataclass
from typing import Any

from wand_orchestrator.api.runs.models import RunView
from wand_orchestrator.api.runs.node_reader import NodeReader
from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.contract.state import NodeStatus, RunState, fold
from wand_orchestrator.errors import Conflict
from wand_orchestrator.graphs.control_nodes import APPROVAL, EVENT


@dataclass(frozen=True)
class AskedNode:
    """An open question: the run and the node in it that take the answer, which may be in a child run."""

    run_id: str
    node: str
    event: str | None
    prompt: str
    answer_schema: dict[str, Any]


class NodeQuestions:
    def __init__(self, nodes: NodeReader) -> None:
        self._nodes = nodes

    async def require_answerable(self, run_id: str, node: str) -> None:
        """Raise Conflict for a node that is answered by nobody; one that will wait later can be answered then.

        Raises NotFound, Unavailable.
        """
        run, events = await self._nodes.history(run_id, node)
        type = await self._nodes.node_type(run, node)
        if type is not None and type not in (APPROVAL.name, EVENT.name):
            raise Conflict(f"the node {node} is of the type {type}: only approvals and events are answered")
        if _status(run, node, events).settled or (type is None and _asked(run_id, node, events) is None):
            raise _not_waiting(node)

    async def asked(self, run_id: str, node: str) -> AskedNode:
        """Return what the node asks now. Raises Conflict if it does not wait, NotFound, Unavailable."""
        run, events = await self._nodes.history(run_id, node)
        asked = _asked(run_id, node, events)
        if asked is None or _status(run, node, events) is not NodeStatus.WAITING:
            raise _not_waiting(node)
        return asked


def _status(run: RunView, node: str, events: tuple[Event, ...]) -> NodeStatus:
    if (known := run.nodes.get(node)) is not None:
        return known.status
    state = RunState()
    for event in events:
        fold(state, event)
    return state.nodes[node].status


def _asked(run_id: str, node: str, events: tuple[Event, ...]) -> AskedNode | None:
    waiting = [event for event in events if event.type is EventType.NODE_WAITING and "schema" in event.data]
    if not waiting:
        return None
    event = waiting[-1]
    told = event.data
    return AskedNode(
        run_id=told.get("run_id", run_id),
        node=told.get("node", node),
        event=told.get("event"),
        prompt=told.get("prompt") or event.message,
        answer_schema=told["schema"],
    )


def _not_waiting(node: str) -> Conflict:
    return Conflict(f"the node {node} does not wait for an answer now")
