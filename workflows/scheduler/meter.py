"""Defines how the steps of edge expressions are counted."""

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Protocol

from wand_orchestrator.graphs.evaluation_budget import Budget


class Meter(Protocol):
    """Counts the steps of expressions; while it is `exhausted`, no other expression may be evaluated."""

    @property
    def exhausted(self) -> bool: ...
    def took(self, steps: int) -> None: ...
    def evaluation(self) -> AbstractContextManager[Budget]: ...
    def now(self) -> datetime | None: ...


class Unmetered:
    exhausted = False

    def took(self, steps: int) -> None:
        """Do nothing: without a workflow task there is no limit."""

    def evaluation(self) -> AbstractContextManager[Budget]:
        return nullcontext(Budget())

    def now(self) -> None:
        """Return None: there is no clock."""
