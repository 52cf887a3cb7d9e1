"""Pauses between attempts to reach something that is away."""

import asyncio
import random

FIRST_SEC = 0.2
LAST_SEC = 3.0


class Backoff:
    def __init__(self) -> None:
        self._pause = FIRST_SEC

    async def wait(self) -> None:
        """The pause doubles from one to the next, and varies so that many do not come back at once."""
        await asyncio.sleep(self._pause * random.uniform(0.7, 1.0))
        self._pause = min(LAST_SEC, self._pause * 2)

    def reset(self) -> None:
        self._pause = FIRST_SEC
