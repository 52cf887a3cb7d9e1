"""Formats moments and spans of time for people."""

from datetime import UTC, datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def span(seconds: float) -> str:
    """Format seconds as `730 ms`, `12.0 s`, `3m05s`, `2h30m` or `4d01h`."""
    if seconds < 1:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02d}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02d}m"
    return f"{whole // _DAY}d{whole % _DAY // _HOUR:02d}h"


def took(started: str | None, finished: str | None) -> str:
    """Format the span between two moments of the API; up to now if the second is missing, empty if the first is."""
    if started is None:
        return ""
    end = datetime.now(UTC) if finished is None else datetime.fromisoformat(finished)
    return span((end - datetime.fromisoformat(started)).total_seconds())


def ago(moment: str) -> str:
    return f"{took(moment, None)} ago"
