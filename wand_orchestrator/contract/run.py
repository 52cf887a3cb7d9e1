"""Defines the messages of a run: what starts it, its result, what is archived of it."""

from typing import Any

from pydantic import AliasChoices, Field, model_validator

from wand_orchestrator.contract.emitted_text import Names
from wand_orchestrator.contract.events import Event, Moment
from wand_orchestrator.contract.limits import RunLimits
from wand_orchestrator.contract.message import Message
from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.graph import Graph


class RunParent(Message):
    """Names the parent of a child run. `watched`: the child has to end by itself when its parent is closed, because
    Temporal would end it as well when the parent only continues in a new history. `has_budget`: the child's model calls
    are charged to a budget of the parent, or of a run above it.
    """

    run_id: str
    node: str
    watched: bool = False
    has_budget: bool = False
    above: Names = Field(default=(), description="The runs above the parent, and the node's name in their events.")

    def names_of(self, node: str) -> Names:
        """Return the runs above a child run of this parent, and the name of the child's `node` in their events."""
        return tuple((run_id, f"{name}/{node}") for run_id, name in ((self.run_id, self.node), *self.above))


class RunInput(RunTerms):
    """Input of the workflow `GraphRun`: a snapshot, so that later edits of a graph never reach a run.

    What a run carries into a new history (continue-as-new) is a second argument, which only the workflow itself gives.
    """

    graph: Graph
    graph_id: str | None = None
    version: int | None = Field(default=None, description="Of the graph under its name, if it is known.")
    created_at: Moment | None = Field(default=None, description="Of its row, which is there before it starts.")
    subgraphs: dict[str, Graph] = Field(
        default_factory=dict, description="Stored graphs that control nodes name, by name or id, as of the start."
    )
    parent: RunParent | None = Field(default=None, description="The run and node that this run is a part of.")
    depth: int = Field(default=0, description="How many runs stand above this one.")
    limits: RunLimits = Field(
        default=RunLimits(), validation_alias=AliasChoices("limits", "child_limits"), description="As of the start."
    )
    reads: tuple[str, ...] = Field(default=(), description="`earlier_runs` of the run that this one is a part of.")

    @property
    def earlier_runs(self) -> tuple[str, ...]:
        """The runs that this one retries, whose files its kept outputs may name."""
        return self.reads if self.retry_of is None else (self.retry_of.run_id, *self.retry_of.earlier)


class RunOrder(RunTerms):
    """Input of the workflow `GraphRun` that names a stored graph instead of bringing it along, as a schedule does.

    The run begins by reading it; from then on it has a snapshot like any other. Argument of the activity `wand.open`,
    whose result is the RunInput without its terms.
    """

    graph_id: str | None = None
    graph_name: str | None = Field(default=None, description="Its newest version, as of the run's start.")

    @model_validator(mode="after")
    def _one_graph(self) -> "RunOrder":
        if (self.graph_id is None) == (self.graph_name is None):
            raise ValueError("give one of `graph`, `graph_id` and `graph_name`")
        return self


class NewRun(Message):
    """Argument of the activity `wand.start_run`: a run that another one starts and does not wait for."""

    run_id: str
    run: RunInput


class RunResult(Message):
    """Result of the workflow `GraphRun`. Every sink is in one of `outputs`, `skipped` and `failed`."""

    outputs: dict[str, Any]
    sinks: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    failed: tuple[str, ...] = Field(default=(), description="Sinks whose failure an edge handled.")


class Archive(Message):
    """Input of the activity `wand.archive`: events to store, idempotent on (run, seq), and the end if it has come."""

    run_id: str
    graph_id: str | None
    name: str
    terms: RunTerms | None = Field(
        default=None, description="Of a run that may have no row yet; the input is there with its first events."
    )
    tags: tuple[str, ...] = Field(default=(), description="In place of `terms`, in older histories.")
    part_of: str | None = Field(default=None, description="The run that this child run is a part of.")
    events: tuple[Event, ...]
    result: RunResult | None = None

    @property
    def terms_known(self) -> RunTerms:
        return self.terms or RunTerms.model_construct(tags=self.tags)
