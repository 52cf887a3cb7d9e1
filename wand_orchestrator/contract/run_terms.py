"""Defines the terms of a run: what its starter specifies besides the graph.

They are one record from the request to the archive: the API, a schedule, the input of the workflow and the row of the
run contain it as a whole. A new term is a field here, and is stored and passed on with the others.
"""

from typing import Any

from pydantic import ConfigDict, Field

from wand_orchestrator.contract.message import Message
from wand_orchestrator.contract.tags import Tags
from wand_orchestrator.contract.webhook import Webhook
from wand_orchestrator.graph import SpendingBudget


class RetryOf(Message):
    """The ended run that a run retries; argument of the activity `wand.outputs`."""

    run_id: str
    from_nodes: tuple[str, ...] = Field(
        default=(), alias="from", description="Nodes that run again although they had succeeded, with all after them."
    )
    earlier: tuple[str, ...] = Field(
        default=(), description="Other runs whose files its outputs may name: those that it went on from itself."
    )
    budget: SpendingBudget | None = Field(
        default=None, description="In place of the budget that the run had; what it spent counts all the same."
    )

    model_config = ConfigDict(frozen=True, populate_by_name=True)


class CallerTerms(Message):
    """The terms that a caller may give in the request for a run or a schedule."""

    input: Any = Field(default=None, description='What `{"$input": …}` in params refers to.')
    tags: Tags = Field(default=(), description="Words of your own that the run is found by; none holds a blank.")
    webhook: Webhook | None = Field(default=None, description="Who is told of the run; not of its child runs.")

    def said(self) -> dict[str, Any]:
        """Return the terms that were given, by name: the arguments of another record that contains them."""
        return {name: getattr(self, name) for name in RunTerms.model_fields if name in self.model_fields_set}


class RunTerms(CallerTerms):
    """All terms of a run."""

    retry_of: RetryOf | None = Field(
        default=None, description="Nodes that succeeded in this run keep their outputs and do not run again."
    )

    @property
    def terms(self) -> "RunTerms":
        """The terms alone, without the other fields of a record."""
        return RunTerms.model_construct(**self.said())

    @property
    def without_input(self) -> "RunTerms":
        """The terms without the input, which may be large and is stored separately."""
        return RunTerms.model_construct(**{name: term for name, term in self.said().items() if name != "input"})

    def of_part(self, input: Any) -> "RunTerms":
        """Return the terms of a child run, which has an input of its own and is found by the same tags."""
        return RunTerms.model_construct(input=input, tags=self.tags)
