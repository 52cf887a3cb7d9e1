"""Builds the entries of the journal: the fields of an event except number, time and progress."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wand_orchestrator.contract.bounds import bounded_json
from wand_orchestrator.contract.codes import WORKER_LOST
from wand_orchestrator.contract.emitted_text import EVENT_TEXT_BYTES
from wand_orchestrator.contract.events import Event, EventType, Level, rfc3339
from wand_orchestrator.contract.node import (
    AgentResult,
    FailureDetails,
    Report,
)
from wand_orchestrator.contract.state import Failure, run_status_after
from wand_orchestrator.contract.steering import (
    Answer,
)
from wand_orchestrator.graph import Graph, Node, SpendingBudget
from wand_orchestrator.workflows.journal.model_usage import (
    used_by_failed_call,
    used_by_failure,
    used_by_lost_call,
    used_by_reply,
)
from wand_orchestrator.workflows.journal.node_failures import NodeFailure
from wand_orchestrator.workflows.scheduler import Decision
from wand_orchestrator.workflows.size import size_up_to


@dataclass(frozen=True)
class Entry:
    """An entry of the journal. `percent`: the node's own progress, in place of the run's. `at`: when it happened,
    unless just now.
    """

    type: EventType
    message: str
    level: Level = "info"
    node: str | None = None
    attempt: int | None = None
    percent: int | None = None
    data: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None


def run_started(graph: Graph) -> Entry:
    count = len(graph.nodes)
    return Entry(EventType.RUN_STARTED, f"{graph.name} started with {count} node{'' if count == 1 else 's'}")


def run_cancelling() -> Entry:
    return Entry(EventType.RUN_CANCELLING, "the run is being cancelled", "warning")


def run_paused(held: Sequence[str], budget: str | None = None) -> Entry:
    """Return the entry for a pause. `budget`: which one is used up, and how, if that is why."""
    why = f": {', '.join(held)} failed and can be retried or skipped" if held else ""
    if budget is None:
        return Entry(EventType.RUN_PAUSED, f"the run is paused{why}", "warning", data={"held": list(held)})
    data = {"held": list(held), "budget": budget}
    return Entry(EventType.RUN_PAUSED, f"the run is paused: {budget}{why}", "warning", data=data)


def budget_changed(budget: SpendingBudget, node: str | None) -> Entry:
    of = "the run" if node is None else node
    limits = [
        f"{budget.tokens:,} tokens" if budget.tokens is not None else "",
        f"${budget.usd:g}" if budget.usd else "",
    ]
    message = f"the budget of {of} is now {' and '.join(limit for limit in limits if limit)}"
    data = {"budget": budget.model_dump(mode="json", exclude_none=True), "of": node}
    return Entry(EventType.RUN_BUDGET, message, data=data)


def run_resumed() -> Entry:
    return Entry(EventType.RUN_RESUMED, "the run goes on")


def run_succeeded(graph: Graph) -> Entry:
    return Entry(EventType.RUN_SUCCEEDED, f"{graph.name} succeeded")


def run_cancelled(graph: Graph) -> Entry:
    return Entry(EventType.RUN_CANCELLED, f"{graph.name} was cancelled", "warning")


def run_failed(graph: Graph, failure: Failure) -> Entry:
    return Entry(EventType.RUN_FAILED, f"{graph.name} failed: {failure.sentence}", "error", data=_error(failure))


def run_timed_out(graph: Graph, failure: Failure) -> Entry:
    return Entry(EventType.RUN_TIMED_OUT, f"{graph.name}: {failure.message}", "error", data=_error(failure))


def node_scheduled(node: Node) -> Entry:
    return Entry(EventType.NODE_SCHEDULED, f"{node.id} scheduled", node=node.id)


def node_kept(node: str) -> Entry:
    return Entry(EventType.NODE_SUCCEEDED, f"{node} had succeeded in the run before", node=node, data={"kept": True})


def node_succeeded(node: Node, result: AgentResult) -> Entry:
    return Entry(
        EventType.NODE_SUCCEEDED,
        f"{node.id} succeeded",
        node=node.id,
        attempt=result.attempt,
        data=_measures(result) | used_by_reply(node, result.output) | final_text(result),
    )


def node_failed(node: Node, failed: NodeFailure, *, grave: bool) -> Entry:
    """Return the entry for a node's failure. `grave`: the run does not simply continue."""
    return Entry(
        EventType.NODE_FAILED,
        f"{node.id} failed: {failed.failure.sentence}",
        "error" if grave else "warning",
        node.id,
        failed.attempt,
        data=_error(failed.failure) | _measures(failed.details) | used_by_failure(node, failed.failure),
    )


def node_given_again(node: Node, failed: NodeFailure) -> Entry:
    message = f"{node.id} is given to another worker: {failed.failure.sentence}"
    data = _error(failed.failure) | used_by_failure(node, failed.failure)
    return Entry(EventType.NODE_RETRYING, message, "warning", node.id, failed.attempt, data=data)


def attempt_lost(node: str, attempt: int, *, calls_model: bool = False) -> Entry:
    """Return the entry for an unreported attempt that Temporal has followed by another one. `calls_model`: it was a
    model call.
    """
    message = "the worker that ran it fell silent"
    error = {"code": WORKER_LOST, "message": message, "node": node}
    used = used_by_lost_call() if calls_model else {}
    told = f"attempt {attempt} of {node} was lost: {message}"
    return Entry(EventType.NODE_RETRYING, told, "warning", node, attempt, data={"error": error} | used)


def node_too_slow(node: Node, failed: NodeFailure) -> Entry:
    message = f"{node.type} is too slow for a local activity: {node.id} runs as a regular one"
    return Entry(EventType.NODE_LOG, message, "warning", node.id, failed.attempt, data=_error(failed.failure))


def node_cancelled(node: Node, reason: str | None = None) -> Entry:
    """Return the entry for a cancelled node. `reason`: why it was cancelled although the run continues."""
    data = {} if reason is None else {"reason": reason}
    return Entry(EventType.NODE_CANCELLED, f"{node.id} cancelled", node=node.id, data=data)


def node_waiting(node: Node, message: str, data: dict[str, Any]) -> Entry:
    return Entry(EventType.NODE_WAITING, message, node=node.id, data=data)


def node_answered(node: Node, answer: Answer) -> Entry:
    who = answer.by or "somebody"
    data = {"by": answer.by, "answer": answer.answer}
    return Entry(EventType.NODE_LOG, f"{who} answered {node.id}", node=node.id, data=data)


def call_refused(node: Node, by: str | None, reason: str | None) -> Entry:
    """Return the entry for the call of a tool that a person refused."""
    told = f"{by or 'somebody'} refused {node.id}" + (f": {reason}" if reason else "")
    return Entry(EventType.NODE_SKIPPED, told, node=node.id, data={"reason": reason or "somebody refused it"})


def event_taken(node: Node, name: str, data: Any, number: int, count: int) -> Entry:
    of = "" if count == 1 else f", {number} of {count}"
    told = {"event": name, "data": bounded_json(data)}
    return Entry(EventType.NODE_LOG, f"the event {name} came for {node.id}{of}", node=node.id, data=told)


def event_misfits(node: Node, name: str, reason: str) -> Entry:
    message = f"an event {name} does not fit the schema of {node.id}, and waits for another node: {reason}"
    return Entry(EventType.NODE_LOG, message, "warning", node.id, data={"event": name})


def event_by_default(node: Node, message: str, output: Any) -> Entry:
    return Entry(
        EventType.NODE_LOG,
        f"{message}: the default is taken",
        "warning",
        node.id,
        data={"answer": bounded_json(output)},
    )


def child_started(node: Node, run_id: str) -> Entry:
    return Entry(EventType.NODE_LOG, f"{node.id} runs as {run_id}", node=node.id, data={"run_id": run_id})


def run_started_apart(node: Node, run_id: str) -> Entry:
    return Entry(EventType.NODE_LOG, f"{node.id} started the run {run_id}", node=node.id, data={"run_id": run_id})


def map_progress(node: Node, percent: int, settled: int, count: int) -> Entry:
    message = f"{settled} of {count} items"
    return Entry(EventType.NODE_PROGRESS, message, node=node.id, percent=percent)


def answered_by_default(node: Node, answer: Any) -> Entry:
    message = f"nobody answered {node.id} in time: the default answer is taken"
    return Entry(EventType.NODE_LOG, message, "warning", node.id, data={"by": None, "answer": answer})


def of_child(node: str, run_id: str, event: Event) -> Entry:
    """Return the parent's entry for an event of a child run: its nodes are named `node/theirs`, the run itself becomes
    a log.

    A node that waits is answered in its own run, and a paused run is resumed as itself: the event tells which that is.
    """
    if event.node is None:
        status = run_status_after(event.type)
        data = event.data if status is None else event.data | {"run_id": run_id, "run_status": status}
        return Entry(EventType.NODE_LOG, event.message, event.level, node, data=data, at=event.ts)
    percent = event.progress if event.type is EventType.NODE_PROGRESS else None
    name = f"{node}/{event.node}"
    data = event.data
    if event.type is EventType.NODE_WAITING:
        data = {"run_id": run_id, "node": event.node} | data
    return Entry(event.type, event.message, event.level, name, event.attempt, percent, data, at=event.ts)


def node_skipped(node: str) -> Entry:
    return Entry(EventType.NODE_SKIPPED, f"{node} skipped", node=node, data={"reason": "somebody skipped it"})


def node_decided(decision: Decision) -> Entry:
    """Return the entry for a scheduler's decision about a node. Raises ValueError for `dropped`: its event is that
    of its cancelled end.
    """
    node = decision.node
    match decision.kind:
        case "skipped":
            return Entry(EventType.NODE_SKIPPED, f"{node} skipped", node=node, data={"reason": decision.reason})
        case "handled":
            return Entry(EventType.NODE_HANDLED, decision.reason, node=node)
        case "failed":
            data = {} if decision.failure is None else _error(decision.failure)
            return Entry(EventType.NODE_FAILED, f"{node} failed: {decision.reason}", "error", node, data=data)
        case "dropped":
            raise ValueError(f"{node} is in flight")


def reported(report: Report, *, calls_model: bool = False) -> Entry:
    """Return the entry for a worker's report of a node in flight. `calls_model`: it is a model call."""
    match report.kind:
        case "log":
            return Entry(
                EventType.NODE_LOG, report.message, report.level, report.node, report.attempt, data=report.data
            )
        case "progress":
            return Entry(
                EventType.NODE_PROGRESS,
                report.message,
                node=report.node,
                attempt=report.attempt,
                percent=report.percent or 0,
                data=report.data,
            )
        case "retrying":
            return _retrying(report, calls_model)


def _retrying(report: Report, calls_model: bool) -> Entry:
    data = dict(report.data)
    if report.error is not None:
        data |= _error(report.error) | (used_by_failed_call(report.error) if calls_model else {})
    if report.next_attempt_at is not None:
        data["next_attempt_at"] = rfc3339(report.next_attempt_at)
    return Entry(EventType.NODE_RETRYING, report.message, "warning", report.node, report.attempt, data=data)


def _error(failure: Failure) -> dict[str, Any]:
    return {"error": failure.model_dump(mode="json", exclude_none=True)}


def final_text(result: AgentResult) -> dict[str, str]:
    """Return the text that the agent emitted and then returned; of a long one only its place in the output."""
    text = result.output
    for key in () if result.text_at is None else result.text_at.split("/")[1:]:
        text = text.get(key.replace("~1", "/").replace("~0", "~")) if isinstance(text, dict) else None
    if result.text_at is None or not isinstance(text, str):
        return {}
    return {"text": text} if size_up_to(text, EVENT_TEXT_BYTES) <= EVENT_TEXT_BYTES else {"text_at": result.text_at}


def _measures(known: AgentResult | FailureDetails) -> dict[str, Any]:
    """Return the measures; those that a worker in another language did not report are left out."""
    measures = {"queued_ms": known.queued_ms, "duration_ms": known.duration_ms, "worker": known.worker}
    return {key: value for key, value in measures.items() if value is not None}
