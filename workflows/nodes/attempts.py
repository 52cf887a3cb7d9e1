"""Tells of the attempts of nodes in flight, also of those of which nobody told.

A worker that died says nothing, and Temporal tries the node again without asking the run.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from types import MappingProxyType

from temporalio import workflow

from wand_orchestrator.contract.node import (
    Report,
)
from wand_orchestrator.workflows.journal import event_texts

PATCH = "lost-attempts"


class Attempts:
    """`tell` puts an entry into the journal. `before`: what `carry` gave in the history before this one."""

    def __init__(
        self, tell: Callable[[event_texts.Entry], None], before: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self._tell = tell
        self._told = dict(before)

    def carry(self, in_flight: Container[str]) -> dict[str, int]:
        """What the next history needs to know of these nodes."""
        return {node: told for node, told in self._told.items() if node in in_flight}

    def begin(self, node: str) -> None:
        """The node runs anew: its attempts count from one."""
        self._told.pop(node, None)

    def ended(self, node: str) -> int:
        """How many attempts of the node are known to have ended."""
        return self._told.get(node, 0)

    def report(self, reports: Sequence[Report]) -> None:
        """What workers say of nodes in flight."""
        for report in reports:
            self.reached(report.node, report.attempt)
            self._tell(event_texts.reported(report))
            if report.kind == "retrying":
                self.followed(report.node, report.attempt)

    def reached(self, node: str, attempt: int | None) -> None:
        """Tell of the attempts before this one that ended without a word."""
        told = self._told.get(node, 0)
        if attempt is None or attempt <= told + 1 or not workflow.patched(PATCH):
            return
        for lost in range(told + 1, attempt):
            self._tell(event_texts.attempt_lost(node, lost))
        self._told[node] = attempt - 1

    def followed(self, node: str, attempt: int | None) -> None:
        """It was told that this attempt ended, and that there is another one."""
        if attempt is not None:
            self._told[node] = max(attempt, self._told.get(node, 0))
