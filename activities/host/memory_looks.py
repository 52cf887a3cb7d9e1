"""When the worker looks at the memory of a host process: often enough that its limit is hardly exceeded."""

MEMORY_LOOK_SEC = 0.2
"""Between two looks at a process whose memory does not grow fast."""

SOONEST_LOOK_SEC = 0.02
"""A look takes some 30 us."""


def next_look(grown: int, took: float, left: int) -> float:
    """Return the seconds until the next look. `grown`: bytes since the last one, `took` seconds ago; `left`: bytes up
    to the limit.

    A process that takes gigabytes a second would be far over its limit at the next regular look, at the cost of the
    whole machine. So the next one comes when half of what is left would be taken at the same pace.
    """
    if grown <= 0:
        return MEMORY_LOOK_SEC
    return min(MEMORY_LOOK_SEC, max(SOONEST_LOOK_SEC, took * left / grown / 2))
