"""Estimates the size of a value without encoding it."""

from typing import Any

_PER_VALUE = 4
"""Bytes of a number, a boolean or punctuation, roughly."""

_BYTES_PER_CHARACTER = 3
"""Of UTF-8, at most, for all but rare characters."""


def size_up_to(value: Any, limit: int) -> int:
    """Return the rough size of `value` as JSON in bytes; counting stops above `limit`, which bounds its cost."""
    size = 0
    queue = [value]
    while queue and size <= limit:
        item = queue.pop()
        size += _PER_VALUE
        if isinstance(item, str):
            size += len(item) * (1 if item.isascii() else _BYTES_PER_CHARACTER)
        elif isinstance(item, dict):
            queue.extend(item.keys())
            queue.extend(item.values())
        elif isinstance(item, list | tuple):
            size += _PER_VALUE * len(item)
            if size <= limit:
                queue.extend(item)
    return size
