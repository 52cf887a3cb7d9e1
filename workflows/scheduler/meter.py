"""Counts what the evaluation of edges takes."""

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Protocol

from wand_orchestrator.graphs.evaluation_budget import Budget


class Meter(Protocol):
    """Counts what expressions take, and says when no other one is to be evaluated for now."""

    @property
    def exhausted(self) -> bool: ...
    def took(self, steps: int) -> None: ...
    def evaluation(self) -> AbstractContextManager[Budget]: ...
    def now(self) -> datetime | None: ...


class Unmetered:
    exhausted = False

    def took(self, steps: int) -> None:
        """There is no need to count where nobody waits."""

    def evaluation(self) -> AbstractContextManager[Budget]:
        return nullcontext(Budget())

    def now(self) -> None:
        """There is no clock."""
