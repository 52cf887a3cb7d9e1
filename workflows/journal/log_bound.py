"""Limits what a run may log in all: its journal stays in the database for good, and is read whole by many."""

from collections.abc import Callable, Mapping
from typing import Any

from wand_orchestrator.workflows.size import size_up_to

TOLD = "the run has logged as much as it may (WAND_MAX_RUN_LOG_BYTES): further log lines are counted and not kept"


class LogBound:
    """Counts the bytes of log lines, those of child runs among them.

    `limit` is set when the run has read its input. `holds` says whether the run keeps to it, as runs of before this
    limit do not. `before`: what `carry` gave in the history before this one.
    """

    def __init__(self, holds: Callable[[], bool], before: Mapping[str, int] | None = None) -> None:
        self.limit: int | None = None
        self._holds = holds
        self._bytes: int = before["bytes"] if before else 0
        self.dropped: int = before["dropped"] if before else 0
        """Log lines that were not kept."""

    def takes(self, message: str, data: dict[str, Any]) -> bool:
        """Count this line; return whether it is kept."""
        if self.limit is None:
            return True
        size = size_up_to([message, data], self.limit)
        if self.dropped == 0 and self._bytes + size <= self.limit:
            self._bytes += size
            return True
        if not self._holds():
            return True
        self.dropped += 1
        return False

    def carry(self) -> dict[str, int]:
        return {"bytes": self._bytes, "dropped": self.dropped}
