"""How large a value is, without encoding it."""

from typing import Any

_PER_VALUE = 4
"""Bytes of a number, a boolean or punctuation, roughly."""

_BYTES_PER_CHARACTER = 3
"""Of UTF-8, at most, for all but rare characters."""


def size_up_to(value: Any, limit: int) -> int:
    """Bytes of `value` as JSON, roughly; counting stops above `limit`, so it costs no more than that."""
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
