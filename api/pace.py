"""How often a run in full swing is looked at: at once after a quiet spell, then ever less often while the burst lasts.

Each look costs a poll of the history, or where the workflow is elsewhere a query on its worker. See docs/decisions for
what was measured.
"""

import asyncio

QUIET_SEC = 0.1
FIRST_GAP_SEC = 0.02
LAST_GAP_SEC = 0.2
GROWTH = 1.5


class Pace:
    def __init__(self) -> None:
        self._gap = FIRST_GAP_SEC
        self._looked = float("-inf")

    def gap(self) -> float:
        """Seconds until the next look, which is then made."""
        now = asyncio.get_running_loop().time()
        since = now - self._looked
        if since >= QUIET_SEC:
            wait, self._gap = 0.0, FIRST_GAP_SEC
        else:
            wait, self._gap = max(0.0, self._gap - since), min(LAST_GAP_SEC, self._gap * GROWTH)
        self._looked = now + wait
        return wait
