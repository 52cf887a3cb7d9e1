"""Describes what a run and each of its nodes wait for, from facts that the caller has read.

A run that makes progress has no reasons; one that does not has some, so that nobody has to guess what is stuck.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from math import ceil

from temporalio.api.enums.v1 import TaskQueueType

from wand_orchestrator.api.runs import waiting
from wand_orchestrator.api.runs.pending_activities import PendingNode
from wand_orchestrator.api.temporal import task_queues
from wand_orchestrator.api.temporal.budget import CallBudget
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.contract.events import rfc3339
from wand_orchestrator.contract.state import NodeState, NodeStatus, Question, RunState, RunStatus, node_of
from wand_orchestrator.errors import Unavailable, WandError
from wand_orchestrator.graph import INPUT_SOURCE, Graph
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES

MAX_REASONS = 20
"""Of a run; its nodes each have their own."""

TO_BE_RETRIED = "to be retried or skipped"
FAILED = f"which failed, {TO_BE_RETRIED}"

_IN_FLIGHT = (NodeStatus.SCHEDULED, NodeStatus.RUNNING, NodeStatus.RETRYING)


def queues_to_check(pending: Iterable[PendingNode], now: datetime) -> set[str]:
    """Return the task queues on which a node waits for a worker."""
    return {node.queue for node in pending if not node.running and not node.paused and not node.backs_off(now)}


def node_reasons(pending: Mapping[str, PendingNode], polled: Collection[str] | None, now: datetime) -> dict[str, str]:
    """Return by node id what nodes in flight wait for. `polled`: the queues that a worker polls; None if that is
    unknown.
    """
    reasons = {}
    for name, node in pending.items():
        reason = _node_reason(node, polled, now)
        if reason is not None:
            reasons[name] = reason
    return reasons


def _node_reason(node: PendingNode, polled: Collection[str] | None, now: datetime) -> str | None:
    if node.cancelling:
        return "its agent, to acknowledge the cancel"
    if node.running:
        return None
    if node.paused:
        return "somebody to unpause its activity in Temporal"
    if node.next_attempt_at is not None and node.backs_off(now):
        seconds = ceil((node.next_attempt_at - now).total_seconds())
        of = f" of {node.max_attempts}" if node.max_attempts else ""
        return f"attempt {node.attempt}{of} in {seconds} s, at {rfc3339(node.next_attempt_at)}"
    if polled is not None and node.queue not in polled:
        return f"no worker polls the task queue {node.queue}"
    return f"a free worker on the task queue {node.queue}"


def held_back(graph: Graph, state: RunState) -> dict[str, str]:
    """Return what ready nodes wait for: the run is paused, a failed node holds it, or all of its slots are taken.

    A node whose sources have all settled is decided at once; if it is still pending, it is ready. One that takes the
    first of its edges may be from the first success on.
    """
    reasons: dict[str, str] = {}
    if held := held_nodes(graph, state):
        reasons = dict.fromkeys(held, TO_BE_RETRIED)
        reason = f"{_names(held)}, {FAILED}"
    elif state.status is RunStatus.PAUSED:
        reason = "the run to be resumed" if state.exceeded is None else "a larger budget, and the run to be resumed"
    elif state.status is RunStatus.RUNNING and _in_flight(state) >= graph.options.concurrency:
        reason = f"a free slot (concurrency {graph.options.concurrency})"
    else:
        return {}
    first = {node.id for node in graph.nodes if node.join == "first"}
    succeeded = {
        edge.target
        for edge in graph.edges
        if edge.target in first and _status(state, edge.source) is NodeStatus.SUCCEEDED
    }
    blocked = {
        edge.target for edge in graph.edges if edge.source != INPUT_SOURCE and not _status(state, edge.source).settled
    }
    blocked -= succeeded
    return reasons | {
        node.id: reason
        for node in graph.nodes
        if node.id not in blocked and _status(state, node.id) is NodeStatus.PENDING
    }


def held_nodes(graph: Graph, state: RunState) -> list[str]:
    """Return the nodes that failed and hold their run until somebody retries or skips them."""
    if state.status is not RunStatus.PAUSED or graph.options.on_failure != "pause":
        return []
    return [node.id for node in graph.nodes if not node.optional and _is_held(state.nodes.get(node.id))]


def _is_held(node: NodeState | None) -> bool:
    return node is not None and node.status is NodeStatus.FAILED and not node.handled


def open_questions(graph: Graph, state: RunState) -> dict[str, str]:
    """Return what control nodes wait for, from outside or a time, including those in whose child runs a node waits."""
    asked: dict[str, list[Question]] = {}
    for part, question in state.questions.items():
        asked.setdefault(node_of(part), []).append(question)
    return {
        node.id: CONTROL_NODES[node.type].waits_for if node.type in CONTROL_NODES else "something outside"
        for node in graph.nodes
        if _status(state, node.id) is NodeStatus.WAITING
    } | {node: _with_count(list(map(question_reason, questions))) for node, questions in asked.items()}


def paused_children(state: RunState) -> dict[str, str]:
    """Control nodes whose child runs are paused, but for those that the run itself has paused by its own pause."""
    reasons: dict[str, list[str]] = {}
    for part, child in state.paused_children.items():
        if child.held:
            reasons.setdefault(node_of(part), []).append(
                f"{_names(list(child.held))} of the run {child.run_id}, {FAILED}"
            )
        elif state.status is not RunStatus.PAUSED:
            reasons.setdefault(node_of(part), []).append(f"the run {child.run_id} to be resumed")
    return {node: _with_count(found) for node, found in reasons.items()}


def question_reason(question: Question) -> str:
    wanted = f"an answer to {question.node}" if question.event is None else f"the event {question.event}"
    return wanted if question.run_id is None else f"{wanted} of the run {question.run_id}"


def _with_count(reasons: list[str]) -> str:
    return reasons[0] if len(reasons) == 1 else f"{reasons[0]}, and {len(reasons) - 1} more"


def run_reasons(reasons: Mapping[str, str]) -> list[str]:
    """Return the reasons of the nodes, each once, with the nodes that it applies to."""
    holding: dict[str, list[str]] = {}
    for node, reason in reasons.items():
        holding.setdefault(reason, []).append(node)
    sentences = [f"{_names(nodes)}: {reason}" for reason, nodes in holding.items()]
    rest = len(sentences) - MAX_REASONS
    return sentences if rest <= 0 else [*sentences[:MAX_REASONS], f"and {rest} more reasons, which its nodes tell"]


def _names(nodes: list[str]) -> str:
    shown = ", ".join(nodes[:3])
    return shown if len(nodes) <= 3 else f"{shown} and {len(nodes) - 3} more"


def _in_flight(state: RunState) -> int:
    return sum(node.status in _IN_FLIGHT for node in state.nodes.values())


def _status(state: RunState, node: str) -> NodeStatus:
    known: NodeState | None = state.nodes.get(node)
    return NodeStatus.PENDING if known is None else known.status


POLLERS_SEC = 0.4


class Waits:
    def __init__(self, executions: Executions) -> None:
        self._executions = executions

    async def of_nodes(
        self, pending: Mapping[str, PendingNode], state: RunState, graph: Graph | None, budget: CallBudget
    ) -> dict[str, str]:
        """Return by node id what each node that makes no progress waits for."""
        now = datetime.now(UTC)
        queues = waiting.queues_to_check(pending.values(), now)
        polled: set[str] | None = None
        try:
            polled = await task_queues.polled(
                self._executions.client, queues, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY, budget.left(POLLERS_SEC)
            )
        except Unavailable:
            polled = None
        reasons = waiting.node_reasons(pending, polled, now)
        if graph is not None:
            reasons |= waiting.held_back(graph, state)
            reasons |= waiting.open_questions(graph, state)
            reasons |= waiting.paused_children(state)
        return reasons

    async def of_workflow(self, missing: WandError | None, budget: CallBudget) -> str:
        """Return why the workflow did not return its state."""
        queue = self._executions.task_queue
        try:
            polled = await task_queues.polled(
                self._executions.client, [queue], TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, budget.left(POLLERS_SEC)
            )
        except Unavailable as error:
            return error.message
        if not polled:
            return f"no worker polls the task queue {queue}"
        return missing.message if missing is not None else "a worker to take its workflow"
