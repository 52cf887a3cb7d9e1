"""Runs work in the order of its requests, several at a time. The work continues even if the caller stops waiting."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

log = logging.getLogger(__name__)


class _Turn(Generic[T]):
    def __init__(self, task: "asyncio.Task[T]", weight: int) -> None:
        self.task = task
        self.weight = weight
        self.waiting = 0


class StartQueue(Generic[T]):
    """A queue with one turn at a time for each key. `close` ends those that are left."""

    def __init__(self, at_once: int) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._turns: dict[str, _Turn[T]] = {}
        self._weight = 0

    def __len__(self) -> int:
        return len(self._turns)

    def __contains__(self, key: str) -> bool:
        return key in self._turns

    @property
    def weight(self) -> int:
        """Return the weight of all turns together, as given to `take`."""
        return self._weight

    def take(self, key: str, work: Callable[[], Awaitable[T]], weight: int = 0) -> None:
        """Queue the work, unless the key has a turn already."""
        if key not in self._turns:
            task = asyncio.create_task(self._in_turn(work), name=f"takes its turn: {key}")
            self._turns[key] = _Turn(task, weight)
            self._weight += weight
            task.add_done_callback(lambda task: self._forget(key, task))

    async def result(self, key: str, work: Callable[[], Awaitable[T]], seconds: float, weight: int = 0) -> T | None:
        """Queue the work and return its result; None if it is not done within the seconds."""
        self.take(key, work, weight)
        turn = self._turns[key]
        turn.waiting += 1
        try:
            done, _ = await asyncio.wait({turn.task}, timeout=seconds)
        finally:
            turn.waiting -= 1
        return turn.task.result() if done else None

    def is_awaited(self, key: str) -> bool:
        """Return whether a caller waits for the result."""
        turn = self._turns.get(key)
        return turn is not None and turn.waiting > 0

    async def close(self) -> None:
        tasks = [turn.task for turn in self._turns.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _in_turn(self, work: Callable[[], Awaitable[T]]) -> T:
        async with self._places:
            return await work()

    def _forget(self, key: str, task: "asyncio.Task[T]") -> None:
        turn = self._turns.pop(key)
        self._weight -= turn.weight
        if not task.cancelled() and (error := task.exception()) is not None and not turn.waiting:
            log.error("%s: %s", task.get_name(), error, exc_info=error)
