"""Calls between the event loop, where async code runs, and threads, where plain functions run.

An attempt has ended when nothing of it runs any more. So a call that is cancelled is awaited to its real end: an async
one is cancelled where it stands, a thread cannot be, and raises at the next thing that it asks of its context.
"""

import asyncio
import concurrent.futures
import contextvars
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any

Arguments = Mapping[str, Any]

FOR_THE_INTERPRETER = (SystemExit, KeyboardInterrupt, GeneratorExit)
"""Raised by an agent they would end the event loop, or whoever awaits it. StopIteration, which a future cannot hold, is
the same for plain functions; raised by a coroutine, Python makes an error of it."""


class Calls:
    """The calls of one attempt. `threads`: where plain functions run; None for the loop's own executor."""

    def __init__(self, threads: Executor | None) -> None:
        self._threads = threads
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.cancelled = False

    async def run(self, function: Callable[..., Any], arguments: Arguments, *, is_async: bool) -> Any:
        """Run the agent and return its result, awaiting its real end. `cancel` reaches the agent; cancelling the caller
        does not.
        """
        if is_async:
            return await asyncio.create_task(self._tracked(function, arguments))
        return await self._in_thread(function, arguments)

    async def run_from_loop(self, function: Callable[..., Any], arguments: Arguments, *, is_async: bool) -> Any:
        """Run a function for async code of this attempt, as a part of it, and return its result."""
        if is_async:
            return await _guarded(function, arguments)
        return await self._in_thread(function, arguments)

    def run_from_thread(self, function: Callable[..., Any], arguments: Arguments, *, is_async: bool) -> Any:
        """Run a function for a thread of this attempt, which waits for it, and return its result."""
        self.check()
        if not is_async:
            return function(**arguments)
        waiting = asyncio.run_coroutine_threadsafe(self._tracked(function, arguments), self._loop)
        try:
            return waiting.result()
        except concurrent.futures.CancelledError as error:
            raise asyncio.CancelledError from error

    def check(self) -> None:
        """Raise asyncio.CancelledError once the attempt is cancelled; threads learn of a cancel in this way."""
        if self.cancelled:
            raise asyncio.CancelledError

    def cancel(self) -> None:
        """Cancel what runs on the loop; threads see `cancelled`."""
        self.cancelled = True
        for task in tuple(self._tasks):
            task.cancel()

    async def _tracked(self, function: Callable[..., Any], arguments: Arguments) -> Any:
        """Run the coroutine as a task that `cancel` reaches, even if called just before the task began."""
        self.check()
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            return await _guarded(function, arguments)
        finally:
            self._tasks.discard(task)

    async def _in_thread(self, function: Callable[..., Any], arguments: Arguments) -> Any:
        call = partial(contextvars.copy_context().run, _guarded_plain, function, arguments)
        running = self._loop.run_in_executor(self._threads, call)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            while not running.done():
                await _turn_uncancelled(running)
            raise


async def _turn_uncancelled(running: asyncio.Future[Any]) -> None:
    try:
        await asyncio.wait({running})
    except asyncio.CancelledError:
        return


async def _guarded(function: Callable[..., Any], arguments: Arguments) -> Any:
    try:
        return await function(**arguments)
    except FOR_THE_INTERPRETER as error:
        raise _as_error(error) from error


def _guarded_plain(function: Callable[..., Any], arguments: Arguments) -> Any:
    try:
        return function(**arguments)
    except (StopIteration, *FOR_THE_INTERPRETER) as error:
        raise _as_error(error) from error


def _as_error(error: BaseException) -> RuntimeError:
    if isinstance(error, SystemExit):
        return RuntimeError(f"it called sys.exit({error.code!r})")
    return RuntimeError(f"it raised {type(error).__name__}")
