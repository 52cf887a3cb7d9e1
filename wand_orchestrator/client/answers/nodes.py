"""Models of what the API answers about the nodes of runs."""

from datetime import datetime
from typing import Any

from wand_orchestrator.client.answers.answer import Answer, NodeStatusText
from wand_orchestrator.contract.model_call import UsageTotal
from wand_orchestrator.contract.state import Failure


class NodeView(Answer):
    """The current state of a node, including what happens within an attempt in flight."""

    status: NodeStatusText
    attempt: int
    scheduled_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    percent: int | None = None
    error: Failure | None = None
    handled: bool = False
    usage: UsageTotal | None = None
    waiting_for: list[str]


class NodeValue(Answer):
    """A value of a node: its size, and where it is read whole."""

    bytes: int
    url: str | None = None


class AttemptView(Answer):
    """An attempt of a node."""

    attempt: int
    retried: int
    status: str
    started_at: datetime | None = None
    finished_at: datetime | None = None
    queued_ms: int | None = None
    duration_ms: int | None = None
    worker: str | None = None
    error: Failure | None = None
    next_attempt_at: datetime | None = None


class NodeDetail(NodeView):
    """A node with its values, attempts and parts."""

    params: Any = None
    input: Any = None
    output: Any = None
    values: dict[str, NodeValue]
    child_run: str | None = None
    attempts: list[AttemptView]
    parts: dict[str, NodeView]
    total_parts: int
