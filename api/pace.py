"""How often a run in full swing is asked: at once after a quiet spell, then ever less often while the burst lasts.

Each question costs the run a query on its worker. See docs/decisions for what was measured.
"""

import asyncio

QUIET_SEC = 0.1
FIRST_GAP_SEC = 0.02
LAST_GAP_SEC = 0.2
GROWTH = 1.5


class Pace:
    def __init__(self) -> None:
        self._gap = FIRST_GAP_SEC
        self._asked = float("-inf")

    async def wait(self) -> None:
        """Return when it is time to ask."""
        loop = asyncio.get_running_loop()
        since = loop.time() - self._asked
        if since >= QUIET_SEC:
            self._gap = FIRST_GAP_SEC
        else:
            await asyncio.sleep(max(0.0, self._gap - since))
            self._gap = min(LAST_GAP_SEC, self._gap * GROWTH)
        self._asked = loop.time()
