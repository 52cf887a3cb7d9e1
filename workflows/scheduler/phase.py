"""Defines the phases of a node, and the outcomes of a run."""

from enum import StrEnum


class Phase(StrEnum):
    """Lists the phases of a node; the value is its letter in a carried state."""

    PENDING = "p"
    READY = "r"
    IN_FLIGHT = "i"
    FAILING = "g"
    """Failed, and its edges on failure are still to be judged."""
    SUCCEEDED = "s"
    FAILED = "f"
    SKIPPED = "k"
    CANCELLED = "c"
    HELD = "h"
    """Failed, and the run waits for somebody to retry or skip it (`on_failure: pause`)."""

    @property
    def settled(self) -> bool:
        return self in (Phase.SUCCEEDED, Phase.FAILED, Phase.SKIPPED, Phase.CANCELLED)


class Outcome(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
