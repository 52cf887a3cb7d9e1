"""Decides how long a caller waits for the database.

A database that is away must be told from one that is busy: a caller gives up when the database has answered nobody in
this process for QUICK_SEC, but waits on for its turn while others get answers. Once a transaction has its connection,
it has a time of its own.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

QUICK_SEC = 1.5
"""Patience with a silent database, and the time that an ordinary transaction has: the API answers within 2 s."""

BULK_SEC = 20.0
"""The time of a transaction that grows with a document."""

TURN_SEC = 30.0
"""Patience with a busy database."""

TICK_SEC = 0.05
_COUNTED_SEC = 1.5 * TICK_SEC
"""Of one tick, at most."""


class Pulse:
    """Records when the database last answered any caller in this process.

    Its clock goes slower while the event loop is late, as in a burst of calls: the database may have answered, and
    nobody came to read it.
    """

    def __init__(self) -> None:
        self.last = float("-inf")
        self._waiting = 0
        self._counted = 0.0
        self._ticked = time.monotonic()
        self._timer: asyncio.TimerHandle | None = None

    def now(self) -> float:
        """Return the clock in seconds."""
        passed = time.monotonic() - self._ticked
        return self._counted + (passed if self._timer is None else min(passed, _COUNTED_SEC))

    def beat(self) -> None:
        self.last = self.now()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count a caller as waiting for the database while the block runs."""
        self._waiting += 1
        if self._timer is None:
            self._tick()
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting and self._timer is not None:
                self._count()
                self._timer.cancel()
                self._timer = None

    def _tick(self) -> None:
        self._count()
        self._timer = asyncio.get_running_loop().call_later(TICK_SEC, self._tick)

    def _count(self) -> None:
        self._counted, self._ticked = self.now(), time.monotonic()


class Deadline:
    """The deadline of one transaction: it moves with the pulse until `begin`, and is fixed from then on."""

    def __init__(self, pulse: Pulse, seconds: float) -> None:
        self.pulse = pulse
        self._seconds = seconds
        self._since = pulse.now()
        self._end: float | None = None

    def begin(self) -> None:
        """Fix the deadline: the transaction has its connection."""
        self._end = max(self._since, self.pulse.last) + self._seconds

    def left(self) -> float:
        """Return the seconds that are left; zero or less when the time is over."""
        if self._end is not None:
            return self._end - self.pulse.now()
        patience = max(self._since, self.pulse.last) + QUICK_SEC
        return min(patience, self._since + TURN_SEC) - self.pulse.now()
