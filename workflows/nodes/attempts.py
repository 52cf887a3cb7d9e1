"""Journals the attempts of nodes in flight, including those that no worker reported.

A worker that died says nothing, and Temporal tries the node again without asking the run.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from types import MappingProxyType

from wand_orchestrator.contract.node import (
    Report,
)
from wand_orchestrator.workflows.journal import event_texts
from wand_orchestrator.workflows.patches import patched

PATCH = "lost-attempts"


class Attempts:
    """Counts attempts by node. `tell` appends to the journal. `before`: what `carry` returned in the
    previous history.
    """

    def __init__(
        self, tell: Callable[[event_texts.Entry], None], before: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self._tell = tell
        self._told = dict(before)
        self.model_calls: dict[str, str] = {}
        """Those in flight that are model calls, with the model: their failed attempts may tell what they used."""

    def carry(self, in_flight: Container[str]) -> dict[str, int]:
        """Return what the next history needs to know of these nodes."""
        return {node: told for node, told in self._told.items() if node in in_flight}

    def begin(self, node: str) -> None:
        """Record that the node runs anew: its attempts count from one."""
        self._told.pop(node, None)

    def ended(self, node: str) -> int:
        """Return how many attempts of the node are known to have ended."""
        return self._told.get(node, 0)

    def report(self, reports: Sequence[Report]) -> None:
        """Journal workers' reports of nodes in flight."""
        for report in reports:
            self.reached(report.node, report.attempt)
            self._tell(event_texts.reported(report, calls_model=report.node in self.model_calls))
            if report.kind == "retrying":
                self.followed(report.node, report.attempt)

    def reached(self, node: str, attempt: int | None) -> None:
        """Journal the attempts before this one that ended without a report."""
        told = self._told.get(node, 0)
        if attempt is None or attempt <= told + 1 or not patched(PATCH):
            return
        for lost in range(told + 1, attempt):
            self._tell(event_texts.attempt_lost(node, lost, calls_model=node in self.model_calls))
        self._told[node] = attempt - 1

    def followed(self, node: str, attempt: int | None) -> None:
        """Record that the journal has the end of this attempt, and that another one follows."""
        if attempt is not None:
            self._told[node] = max(attempt, self._told.get(node, 0))
