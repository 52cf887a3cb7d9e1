"""Reads the header `Prefer` (RFC 7240), of which only `wait` is supported: how long a caller would wait."""

import re
from collections.abc import Sequence

MAX_WAIT_SEC = 60

_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,9})\"?", re.ASCII | re.IGNORECASE)


def preferred_wait(headers: Sequence[str]) -> int | None:
    """Return the seconds of `wait`, at most MAX_WAIT_SEC; None without it. What cannot be read is ignored."""
    for preference in ",".join(headers).split(","):
        if match := _WAIT.fullmatch(preference.partition(";")[0].strip()):
            return min(int(match[1]), MAX_WAIT_SEC)
    return None
