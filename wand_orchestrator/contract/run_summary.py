"""Defines the summary of a run, the same in the API's lists and in webhooks."""

from typing import Any, Self

from pydantic import BaseModel, Field

from wand_orchestrator.contract.events import ShownMoment
from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.contract.state import Failure, RunStatus


class RunSummary(BaseModel):
    """A run as lists show it: what changes is as of the last time its journal was written to the database."""

    run_id: str
    graph_id: str | None
    name: str
    status: RunStatus
    progress: int = Field(description="Percent, never falling; 100 only when it succeeded.")
    created_at: ShownMoment
    started_at: ShownMoment | None
    finished_at: ShownMoment | None
    error: Failure | None
    retry_of: str | None = Field(description="The run that this one goes on from.")
    part_of: str | None = Field(description="Of a child run: the run that it is a part of.")
    tags: list[str] = Field(description="Given at its start, in alphabetical order.")

    @classmethod
    def of(cls, terms: RunTerms, **known: Any) -> Self:
        """Return the summary of a run with these terms; `known` contains the other fields."""
        retry_of = None if terms.retry_of is None else terms.retry_of.run_id
        return cls(**known, retry_of=retry_of, tags=sorted(terms.tags))
