"""Models of what the API answers about runs."""

from datetime import datetime
from typing import Any

from pydantic import Field

from wand_orchestrator.client.answers.answer import Answer, RunStatusText
from wand_orchestrator.client.answers.nodes import NodeView
from wand_orchestrator.contract.model_call import UsageTotal
from wand_orchestrator.contract.run import RunResult
from wand_orchestrator.contract.state import Failure, RunStatus


class RunCreated(Answer):
    """A run that was started."""

    run_id: str
    status: RunStatusText


class ListedRun(Answer):
    """A run in a list; what changes is as of the last time its journal was written to the database."""

    run_id: str
    graph_id: str | None = None
    name: str
    status: RunStatusText
    progress: int
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: Failure | None = None
    retry_of: str | None = None
    part_of: str | None = None
    tags: list[str]
    usage: UsageTotal | None = None


class RunPage(Answer):
    """A page of runs, newest first. `next`: the `cursor` of the next page; null on the last."""

    runs: list[ListedRun]
    next: str | None = None


class Webhook(Answer):
    """Where to send, and which events of the run."""

    url: str
    events: list[str] = Field(default_factory=list)


class RunView(Answer):
    """A run with its nodes, its result or error, and what it waits for."""

    run_id: str
    graph_id: str | None = None
    name: str
    status: RunStatusText
    progress: int
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: Failure | None = None
    retry_of: str | None = None
    part_of: str | None = None
    tags: list[str]
    input: Any = None
    input_bytes: int
    nodes: dict[str, NodeView]
    result: RunResult | None = None
    retried_by: list[str]
    webhook: Webhook | None = None
    waiting_for: list[str]
    usage: UsageTotal | None = None

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs of the sinks, by node; empty while there is no result."""
        return {} if self.result is None else self.result.outputs

    @property
    def succeeded(self) -> bool:
        return self.status == RunStatus.SUCCEEDED

    @property
    def ended(self) -> bool:
        return self.finished_at is not None


class RunSteered(Answer):
    """The answer to an order to a run."""

    run_id: str
    status: RunStatusText


class NodeSteered(Answer):
    """The answer to an order to a node."""

    run_id: str
    node: str


class EventSent(Answer):
    """An event that a run was sent."""

    run_id: str
    event: str


class SpendingBudget(Answer):
    """What model calls may use."""

    tokens: int | None = None
    usd: float | None = None
    on_exceeded: str = "fail"


class RunBudget(Answer):
    """A budget that was replaced."""

    run_id: str
    node: str | None = None
    budget: SpendingBudget


class DeliveryView(Answer):
    """A delivery to the webhook of a run."""

    seq: int
    event: str
    status: str
    attempt: int
    started_at: datetime
    finished_at: datetime | None = None
    next_attempt_at: datetime | None = None
    error: str | None = None
    workflow_id: str


class DeliveryList(Answer):
    """The deliveries to a run's webhook."""

    deliveries: list[DeliveryView]
