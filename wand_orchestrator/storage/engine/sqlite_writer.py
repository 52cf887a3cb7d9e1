"""Writes to SQLite, which has one writer at a time: one thread with one connection, and group commit.

Who comes while a transaction is under way waits for the next one, which takes along all that wait. The thread does a
transaction in one go: each trip there and back would cost as much as an INSERT.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from wand_orchestrator.errors import InternalError
from wand_orchestrator.storage.engine.deadline import Deadline

T = TypeVar("T")

MAX_TOGETHER = 500

LONGEST_GROUP_SEC = 0.1
"""After it a transaction takes nobody else along: who came first would wait for who came last."""

CLOSE_SEC = 2.0


@dataclass(eq=False)
class _Write:
    """A write in the queue; `answer` is cancelled when its caller gives up."""

    work: Callable[[Connection], Any]
    deadline: Deadline
    answer: asyncio.Future[Any]


@dataclass(frozen=True)
class _Outcome:
    result: Any = None
    error: Exception | None = None

    def tell(self, answer: asyncio.Future[Any]) -> None:
        if answer.done():
            return
        if self.error is None:
            answer.set_result(self.result)
        else:
            answer.set_exception(self.error)


class CallerGone(InternalError):
    """The caller gave up, and was told that nothing was written."""


class SqliteWriter:
    """Runs all writes of a process in one thread, many in one commit. Transactions of `engine` take the write lock at
    once.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writes to the database")
        self._waiting: deque[_Write] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def write(self, work: Callable[[Connection], T], deadline: Deadline) -> T:
        """Run `work` and return its result once it is committed. `work` may run again after a rollback that another
        write caused.
        """
        write = _Write(work, deadline, asyncio.get_running_loop().create_future())
        self._waiting.append(write)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all(), name="writes to the database")
        answer: T = await write.answer
        return answer

    async def close(self) -> None:
        """Stop the thread once no caller waits any more."""
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=CLOSE_SEC)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SEC):
                await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown(wait=False)

    async def _write_all(self) -> None:
        while writes := self._next():
            for write in writes:
                write.deadline.begin()
            outcomes = await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, writes)
            self._waiting.extendleft(reversed(writes[len(outcomes) :]))
            if outcomes[0].error is None:
                writes[0].deadline.pulse.beat()
            for write, outcome in zip(writes, outcomes, strict=False):
                outcome.tell(write.answer)

    def _next(self) -> list[_Write]:
        """Return the next waiting writes, in their order."""
        waiting = (self._waiting.popleft() for _ in range(len(self._waiting)))
        return list(islice((write for write in waiting if not write.answer.done()), MAX_TOGETHER))

    # In the thread

    def _transact(self, writes: Sequence[_Write]) -> list[_Outcome]:
        """Run the first writes in one transaction, as many as there is time for and at least one; return their
        outcomes.
        """
        begun = False
        try:
            with self._engine.begin() as connection:
                begun = True
                results = _worked_off(connection, writes)
        except Exception as error:
            if not begun or len(writes) == 1:
                return [_Outcome(error=error)] * len(writes)
            return self._one_by_one(writes)
        return [_Outcome(result) for result in results]

    def _one_by_one(self, writes: Sequence[_Write]) -> list[_Outcome]:
        """Run each write in a transaction of its own, so that none fails because of another."""
        outcomes: list[_Outcome] = []
        until = time.monotonic() + LONGEST_GROUP_SEC
        for write in writes:
            outcomes += self._transact([write])
            if time.monotonic() > until:
                break
        return outcomes


def _worked_off(connection: Connection, writes: Sequence[_Write]) -> list[Any]:
    results: list[Any] = []
    until = time.monotonic() + LONGEST_GROUP_SEC
    for write in writes:
        results.append(write.work(connection))
        if time.monotonic() > until:
            break
    if any(write.answer.cancelled() for write in writes[: len(results)]):
        raise CallerGone("nobody waits for the write any more")
    return results
