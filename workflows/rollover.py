"""When a run goes on in a new history (continue-as-new).

Activities do not survive a continue-as-new, so before it nothing may be in flight: new nodes are held back until those
in flight have ended. A node that takes hours must not hold back the others so long, so the drain is given up after a
while and tried again some events later, until the history is so long that there is no choice.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

DRAIN = timedelta(seconds=10)
NEXT_TRY_EVENTS = 4_000
LAST_CALL_EVENTS = 40_000
"""Temporal ends a workflow at 51,200 events."""


class Rollover:
    """`draining`: whether new nodes are held back. `wake` is called when it is time to look again."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self.draining = False
        self._drain_until: datetime | None = None
        self._not_before_events = 0

    @property
    def due(self) -> bool:
        """Whether to continue as new as soon as nothing is in flight."""
        info = workflow.info()
        events = info.get_current_history_length()
        return info.is_continue_as_new_suggested() and events >= self._not_before_events

    def look(self) -> None:
        """Decide anew, once in each turn of the loop."""
        self.draining = self._drains()

    def _drains(self) -> bool:
        if not self.due:
            return False
        events = workflow.info().get_current_history_length()
        now = workflow.now()
        if self._drain_until is None:
            self._drain_until = now + DRAIN
            asyncio.get_running_loop().call_later(DRAIN.total_seconds(), self._wake)
        if now < self._drain_until or events >= LAST_CALL_EVENTS:
            return True
        self._drain_until = None
        self._not_before_events = events + NEXT_TRY_EVENTS
        return False
