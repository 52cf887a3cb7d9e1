"""Watches the host's event loop from a thread of its own, and reports the invocation that blocks it to the worker."""

import asyncio
import contextvars
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine, Generator
from typing import Any
from weakref import WeakKeyDictionary

from wand_orchestrator.activities.host.frames import FrameWriter

BLOCKAGE_TICK_SEC = 0.5
"""Between two signs of life. Without any, the worker knows that not even this thread gets to run."""

TOLD_AFTER_SEC = 1.0

invocation: contextvars.ContextVar[int | None] = contextvars.ContextVar("invocation", default=None)
"""Of the code that runs: tasks and threads that an agent starts inherit it."""


class Owners:
    """Maps tasks of the loop to the invocations that they belong to."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._owners: WeakKeyDictionary[asyncio.Task[Any], int] = WeakKeyDictionary()
        self._loop = loop
        loop.set_task_factory(self._new_task)

    def add(self, task: asyncio.Task[Any], id: int) -> None:
        self._owners[task] = id

    def at_work(self) -> int | None:
        """Return the invocation whose task runs now; called from another thread while the loop is blocked."""
        task = asyncio.current_task(self._loop)
        return None if task is None else self._owners.get(task)

    def _new_task(
        self,
        loop: asyncio.AbstractEventLoop,
        code: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
        **options: Any,
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(code, loop=loop, **options)
        id = invocation.get()
        if id is not None:
            self._owners[task] = id
        return task


def watch(loop: asyncio.AbstractEventLoop, owners: Owners, writer: FrameWriter) -> None:
    """Start watching; call it in the loop's own thread. The watching thread ends with the process."""
    look = _looker(loop, owners, writer, threading.get_ident())
    threading.Thread(target=look, name="watches the loop", daemon=True).start()


def _looker(loop: asyncio.AbstractEventLoop, owners: Owners, writer: FrameWriter, thread: int) -> Callable[[], None]:
    def look() -> None:
        while True:
            turned = threading.Event()
            loop.call_soon_threadsafe(turned.set)
            asked = time.monotonic()
            while not turned.wait(BLOCKAGE_TICK_SEC):
                blocked = time.monotonic() - asked
                writer.write(_told(blocked, owners, thread) if blocked >= TOLD_AFTER_SEC else {"kind": "alive"})
            writer.write({"kind": "alive"})
            time.sleep(BLOCKAGE_TICK_SEC)

    return look


def _told(blocked: float, owners: Owners, thread: int) -> dict[str, Any]:
    return {"kind": "blocked", "id": owners.at_work(), "sec": blocked, "at": _place(thread)}


def _place(thread: int) -> str:
    frame = sys._current_frames().get(thread)
    if frame is None:
        return "an unknown place"
    last = traceback.extract_stack(frame)[-1]
    return f"{last.filename}:{last.lineno} in {last.name}"
