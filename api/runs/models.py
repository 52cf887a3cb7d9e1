"""Defines what the API accepts and returns of runs; statuses, events and errors are those of `wand_orchestrator`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from wand_orchestrator.api.graphs.models import GraphDocument
from wand_orchestrator.api.http.moments import Moment
from wand_orchestrator.api.runs import waiting
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.limits import INLINE_VALUE_BYTES
from wand_orchestrator.contract.model_call import UsageTotal
from wand_orchestrator.contract.run import RunResult
from wand_orchestrator.contract.run_summary import RunSummary
from wand_orchestrator.contract.run_terms import CallerTerms, RunTerms
from wand_orchestrator.contract.spending import BudgetChange
from wand_orchestrator.contract.state import Failure, NodeState, NodeStatus, RunState, RunStatus, is_part
from wand_orchestrator.contract.webhook import Webhook
from wand_orchestrator.graph import Graph, SpendingBudget
from wand_orchestrator.storage import Run


class StatusFilter(StrEnum):
    """A status of a run, or `open` for all statuses of runs that have not ended."""

    OPEN = "open"
    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    TERMINATED = "terminated"


def statuses_of(wanted: Sequence[StatusFilter]) -> tuple[RunStatus, ...]:
    """Return the statuses that `wanted` selects."""
    all_open = StatusFilter.OPEN in wanted
    return tuple(status for status in RunStatus if status.value in wanted or (all_open and not status.ended))


class WebhookRequest(Webhook):
    """Receives events of the run by POST, signed after the Standard Webhooks specification."""

    model_config = ConfigDict(extra="forbid")


class RequestedTerms(CallerTerms):
    """The terms that a request sets for a run, or for each run of a schedule."""

    model_config = ConfigDict(extra="forbid")

    webhook: WebhookRequest | None = Field(default=None, description="Who is told of the run.")

    @property
    def terms(self) -> RunTerms:
        return RunTerms.model_construct(**self.said())


class RunRequest(RequestedTerms):
    """A run to start: one of `graph_name`, `graph_id` and `graph`, and the terms of the run."""

    graph_name: str | None = Field(
        default=None, max_length=200, description="Of stored graphs: the newest version of this name, or `version`."
    )
    version: int | None = Field(default=None, ge=1, le=2**31 - 1, description="Of the graph with this `graph_name`.")
    graph_id: str | None = Field(default=None, description="A stored graph.")
    graph: GraphDocument | None = Field(default=None, description="A graph given here; it is checked and stored first.")

    files: list[str] = Field(
        default_factory=list,
        max_length=100,
        description="Ids of uploaded files (`POST /files`), which the run is given as artifacts under their names.",
    )

    @model_validator(mode="after")
    def _one_graph(self) -> "RunRequest":
        if [self.graph_name, self.graph_id, self.graph].count(None) != 2:
            raise ValueError("give one of `graph_name`, `graph_id` and `graph`")
        if self.version is not None and self.graph_name is None:
            raise ValueError("`version` belongs to `graph_name`")
        return self


class RunCreated(BaseModel):
    run_id: str
    status: RunStatus = Field(description="`pending` while Temporal is away: the run starts when it is back.")


class RetryRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_nodes: list[str] = Field(
        default_factory=list,
        alias="from",
        max_length=20_000,
        description="Nodes that run again although they had succeeded, with all after them.",
    )
    budget: SpendingBudget | None = Field(
        default=None, description="In place of the budget that the run had; what it has spent counts all the same."
    )


class NodeView(BaseModel):
    """The current state of a node, including what happens within an attempt in flight."""

    status: NodeStatus
    attempt: int = Field(description="From 1; 0 before the first.")
    scheduled_at: Moment | None
    started_at: Moment | None
    finished_at: Moment | None
    percent: int | None = Field(description="What the agent last reported.")
    error: Failure | None
    handled: bool = Field(default=False, description="It failed, and an edge on failure was taken: the run goes on.")
    usage: UsageTotal | None = Field(
        default=None, description="Of its model calls, and those of its parts and child runs; null if there were none."
    )
    waiting_for: list[str] = Field(description="Empty if it goes on.")

    @classmethod
    def of(cls, state: NodeState, reason: str | None) -> "NodeView":
        return cls(**dict(state), waiting_for=[] if reason is None else [reason])


class ListedRun(RunSummary):
    usage: UsageTotal | None = Field(
        default=None,
        description="Of all model calls, child runs among them, as of the last time the journals were written to the "
        "database; null if there were none.",
    )


class RunView(RunSummary):
    input: Any = Field(description="Null if it takes more than 64 KiB: `GET /runs/{id}/input` returns it whole.")
    input_bytes: int = Field(description="Of the input as JSON; 0 while it is not known.")
    nodes: dict[str, NodeView] = Field(description="By id, in the order of the graph.")
    result: RunResult | None
    retried_by: list[str] = Field(description="Runs that go on from this one, the newest first; 20 at most.")
    webhook: Webhook | None = Field(description="Who is told of the run.")
    waiting_for: list[str] = Field(description="Why it does not go on; empty if it does.")
    usage: UsageTotal | None = Field(
        default=None, description="Of all model calls so far, child runs among them; null if there were none."
    )


class RunPage(BaseModel):
    """A page of runs, newest first. `next`: the `cursor` of the next page; null on the last."""

    runs: list[ListedRun]
    next: str | None


class EventList(BaseModel):
    """A page of events. `last_seq`: the `after` of the next call. `ended`: the run has ended, and these are its last
    events.
    """

    events: list[Event]
    last_seq: int
    ended: bool


class RunSteered(BaseModel):
    run_id: str
    status: RunStatus = Field(description="What it is, or is about to be.")


class EventSent(BaseModel):
    run_id: str
    event: str


class BudgetRequest(SpendingBudget):
    """A budget in place of the one that the run, or the node, has. What was spent counts all the same."""

    node: str | None = Field(default=None, max_length=1000, description="Whose `budget` it is; default: the run's.")

    @property
    def change(self) -> BudgetChange:
        return BudgetChange(node=self.node, budget=SpendingBudget(**self.model_dump(exclude={"node"})))


class RunBudget(BaseModel):
    run_id: str
    node: str | None
    budget: SpendingBudget


class NodeSteered(BaseModel):
    run_id: str
    node: str


def run_view(
    run: Run,
    state: RunState,
    graph: Graph | None,
    *,
    result: RunResult | None = None,
    retried_by: Sequence[str] = (),
    reasons: Sequence[str] = (),
    node_reasons: Mapping[str, str] | None = None,
) -> RunView:
    """Return the view of a run: `state` overrides the row, but for a cancel that only the row knows of; nodes that have
    not begun come from the graph.
    """
    of_nodes = node_reasons or {}
    names = [node.id for node in graph.nodes] if graph else [name for name in state.nodes if not is_part(name)]
    now = replace(
        run,
        status=run.status if run.status is RunStatus.CANCELLING and not state.status.ended else state.status,
        progress=state.progress,
        started_at=state.started_at,
        finished_at=state.finished_at,
        error=state.error,
    )
    return RunView(
        **dict(now.summary),
        **_shown_input(run),
        nodes={name: NodeView.of(state.nodes.get(name, NodeState()), of_nodes.get(name)) for name in names},
        result=result,
        retried_by=list(retried_by),
        webhook=run.terms.webhook,
        usage=state.usage,
        waiting_for=[*reasons, *waiting.run_reasons(of_nodes)],
    )


def _shown_input(run: Run) -> dict[str, Any]:
    """Return the input as it is shown: null if it is too large, or unknown, as for a run without a row."""
    size = len(run.input_json.encode())
    return {"input": run.input if 0 < size <= INLINE_VALUE_BYTES else None, "input_bytes": size}
