"""A clock that skips the time in which nothing happens, as Temporal's test server does."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count


class SkippingClock:
    """Calls functions at their times, in order. Its time runs as any clock's, and `skip` moves it on."""

    def __init__(self) -> None:
        self._skipped = timedelta(0)
        self._order = count()
        self._due: list[tuple[datetime, int]] = []
        self._calls: dict[int, Callable[[], None]] = {}

    def now(self) -> datetime:
        return datetime.now(UTC) + self._skipped

    def call_after(self, pause: timedelta, call: Callable[[], None]) -> int:
        """Call a function after a pause; return the number by which `cancel` knows it."""
        number = next(self._order)
        self._calls[number] = call
        heapq.heappush(self._due, (self.now() + pause, number))
        return number

    def cancel(self, number: int) -> None:
        self._calls.pop(number, None)

    def next_in(self) -> timedelta | None:
        """Return the time until the next call; None if there is none."""
        while self._due and self._due[0][1] not in self._calls:
            heapq.heappop(self._due)
        return max(self._due[0][0] - self.now(), timedelta(0)) if self._due else None

    def call_due(self) -> bool:
        """Make one call whose time has come; return whether there was one."""
        if self.next_in() != timedelta(0):
            return False
        self._calls.pop(heapq.heappop(self._due)[1])()
        return True

    def skip(self) -> bool:
        """Move on to the next call; return whether there is one."""
        pause = self.next_in()
        if pause is None:
            return False
        self._skipped += pause
        return True
