"""Computes medians with their spread, and ratios with their confidence.

A ratio is that of two samples of the same round, where the machine was as fast for one as for the other; all rounds
together give their median. It comes with a bootstrap interval: how far it moves when the rounds are drawn again from
themselves. The rule of refusal: a ratio from fewer than MIN_SAMPLES rounds, or whose interval reaches further than
WIDEST on either side of it, is not told, since another go might give another one.
"""

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MIN_SAMPLES = 3
WIDEST = 0.15
CONFIDENCE = 0.95
DRAWS = 2000
_SEED = 20_260_131
"""The same samples give the same interval."""

Verdict = Literal["held", "not held", "undecided"]


@dataclass(frozen=True)
class Summary:
    """Summarizes samples of one quantity. `low`, `high`: the quartiles."""

    count: int
    median: float
    low: float
    high: float
    least: float
    most: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> "Summary":
        low, high = _quartiles(samples)
        return cls(len(samples), statistics.median(samples), low, high, min(samples), max(samples))


@dataclass(frozen=True)
class Estimate:
    """A median, of samples or of ratios, with the interval that it lies in with CONFIDENCE."""

    value: float
    low: float
    high: float
    count: int

    @property
    def telling(self) -> bool:
        """Whether it may be told as one number."""
        return self.count >= MIN_SAMPLES and (
            self.high <= self.value * (1 + WIDEST) and self.low >= self.value * (1 - WIDEST)
        )

    def against(self, limit: float, *, at_least: bool) -> Verdict:
        """Held or not if the whole interval says so, or, where it is narrow enough to be told, the value."""
        if self.count < MIN_SAMPLES:
            return "undecided"
        worst, best = (self.low, self.high) if at_least else (self.high, self.low)
        if _holds(worst, limit, at_least):
            return "held"
        if not _holds(best, limit, at_least):
            return "not held"
        if not self.telling:
            return "undecided"
        return "held" if _holds(self.value, limit, at_least) else "not held"


def median_of(samples: Sequence[float]) -> Estimate:
    rng = random.Random(_SEED)
    drawn = sorted(statistics.median(rng.choices(samples, k=len(samples))) for _ in range(DRAWS))
    cut = int(DRAWS * (1 - CONFIDENCE) / 2)
    return Estimate(statistics.median(samples), drawn[cut], drawn[-1 - cut], len(samples))


def ratio_of(above: Sequence[float], below: Sequence[float]) -> Estimate:
    """Return the ratio of samples in the order of the rounds; a side that failed has fewer, and
    only its rounds count.
    """
    return median_of([top / bottom for top, bottom in zip(above, below, strict=False)])


def _holds(value: float, limit: float, at_least: bool) -> bool:
    return value >= limit if at_least else value <= limit


def _quartiles(samples: Sequence[float]) -> tuple[float, float]:
    if len(samples) == 1:
        return samples[0], samples[0]
    low, _, high = statistics.quantiles(samples, n=4, method="inclusive")
    return low, high
