"""Tells heavy JSON values from light ones at a bounded cost; heavy ones are processed in a thread."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

HEAVY = 100_000
"""Characters and values; the work on more would keep other callers waiting."""


def is_heavy(value: Any) -> bool:
    """Return whether the value is heavy; stops looking once it is."""
    left, todo = HEAVY, [value]
    while todo:
        item = todo.pop()
        left -= 1 + (len(item) if isinstance(item, str | bytes | dict | list | tuple) else 0)
        if left <= 0:
            return True
        if isinstance(item, dict):
            todo += [*item, *item.values()]
        elif isinstance(item, list | tuple):
            todo += item
    return False


async def worked_off(value: Any, work: Callable[[], T]) -> T:
    """Return what `work` returns; it runs in a thread if its value is heavy."""
    return await asyncio.to_thread(work) if is_heavy(value) else work()
