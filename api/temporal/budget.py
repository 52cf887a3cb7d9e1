"""Bounds the time of one call to the API, which its upstream requests share."""

import asyncio
from dataclasses import dataclass, field

ANSWER_SEC = 1.8
"""Every call is answered within 2 s, whatever is away; the rest of it is for the answer itself."""

LEAST_SEC = 0.05


def _now() -> float:
    return asyncio.get_running_loop().time()


@dataclass(frozen=True)
class CallBudget:
    """Measures a budget of seconds that begins when it is created."""

    seconds: float = ANSWER_SEC
    began: float = field(default_factory=_now)

    @property
    def is_spent(self) -> bool:
        return _now() - self.began >= self.seconds

    def left(self, at_most: float = ANSWER_SEC) -> float:
        """Return the seconds for the next wait; a little is always left, for answers that are ready."""
        return max(LEAST_SEC, min(at_most, self.seconds - (_now() - self.began)))
