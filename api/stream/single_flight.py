"""Shares one answer among callers that ask for the same at the same time."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class SingleFlight(Generic[K, T]):
    def __init__(self) -> None:
        self._asked: dict[K, asyncio.Task[T]] = {}

    def ask(self, key: K, read: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        """Return the task that reads for `key`, and start it if there is none. Callers must shield it, as others await
        it too.
        """
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.create_task(read())
            task.add_done_callback(lambda done: self._forget(key, done))
        return task

    async def stop(self) -> None:
        tasks = list(self._asked.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, key: K, done: asyncio.Task[T]) -> None:
        del self._asked[key]
        if not done.cancelled():
            done.exception()  # they who asked may have gone
