"""Describes why a host process ended, and what becomes of the attempts that ran in it."""

import signal
from dataclasses import dataclass

from wand_orchestrator.activities.runner.attempt_failures import AttemptFailure

BLOCKED = "agent_blocked"
CRASHED = "agent_crashed"
OUT_OF_MEMORY = "agent_out_of_memory"

CANCELLED = "cancelled"
"""The host was ended because nothing ran in it any more but what had been cancelled and did not end."""


@dataclass(frozen=True)
class Death:
    """The end of a host process. `culprit`: the invocation that caused it; None if any of those in progress
    may have.
    """

    code: str
    message: str
    culprit: int | None = None

    def failure(self) -> AttemptFailure:
        """Return the failure of the attempt that caused the end."""
        return AttemptFailure(self.code, self.message, stated=True)

    def with_culprit(self, under_way: list[int]) -> "Death":
        """Return the death with its culprit set if only one invocation was in progress."""
        if self.culprit is None and len(under_way) == 1:
            return Death(self.code, self.message, under_way[0])
        return self


def blocked(seconds: float, culprit: int | None, place: str) -> Death:
    return Death(
        BLOCKED,
        f"it blocked the event loop of its process for {seconds:.0f} s, at {place}: "
        "write it as a plain `def`, which runs in a thread, or await what takes time",
        culprit,
    )


def silent(seconds: float) -> Death:
    return Death(
        BLOCKED,
        f"its process ran no other line of Python for {seconds:.0f} s: "
        "a call into a library holds Python's lock (GIL), such as a regular expression on a long text",
    )


def out_of_memory(used: int, limit: int) -> Death:
    return Death(
        OUT_OF_MEMORY,
        f"its process used {used // 1024**2} MB of memory, and WAND_AGENT_MEMORY_MB allows {limit // 1024**2}",
    )


def unreadable() -> Death:
    return Death(CRASHED, "its process wrote into, or closed, the channel to its worker")


def ended(status: int) -> Death:
    if status >= 0:
        return Death(CRASHED, f"its process ended with exit status {status}")
    name = signal.Signals(-status).name if -status in signal.valid_signals() else f"signal {-status}"
    hint = ": often the system was out of memory" if -status == signal.SIGKILL else ""
    return Death(CRASHED, f"its process was ended by {name}{hint}")
