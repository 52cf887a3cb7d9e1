"""How much a JSON value weighs, told at a bounded cost: what is heavy is worked on beside the event loop."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

HEAVY = 100_000
"""Characters and values; the work on more would keep other callers waiting."""


def is_heavy(value: Any) -> bool:
    """Looks at no more of it than makes it heavy."""
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
    """What `work` gives; done in a thread if the value that it works on is heavy."""
    return await asyncio.to_thread(work) if is_heavy(value) else work()
