"""How long a caller waits for the database.

A database that is away must be told from one that is busy: a caller gives up when the database has answered nobody in
this process for QUICK_SEC, but waits on for its turn while others get answers. Once a transaction has its connection,
it has a time of its own.
"""

import time

QUICK_SEC = 1.5
"""Patience with a silent database, and the time that an ordinary transaction has: the API answers within 2 s."""

BULK_SEC = 20.0
"""The time of a transaction that grows with a document."""

TURN_SEC = 30.0
"""Patience with a busy database."""


class Pulse:
    """When the database last answered anybody in this process, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        self.last = float("-inf")

    def beat(self) -> None:
        self.last = time.monotonic()


class Deadline:
    """Of one transaction: it slides with the pulse until `begin`, and then stands."""

    def __init__(self, pulse: Pulse, seconds: float) -> None:
        self._pulse = pulse
        self._seconds = seconds
        self._since = time.monotonic()
        self._end: float | None = None

    def begin(self) -> None:
        """The transaction has its connection."""
        self._end = max(self._since, self._pulse.last) + self._seconds

    def left(self) -> float:
        """Seconds; not above 0 when the time is over."""
        if self._end is not None:
            return self._end - time.monotonic()
        patience = max(self._since, self._pulse.last) + QUICK_SEC
        return min(patience, self._since + TURN_SEC) - time.monotonic()
