"""Sets up a host process so that it ends when it should."""

import fcntl
import gc
import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil

_CONTAINER = Path("/sys/fs/cgroup/memory.max")
_OOM_SCORE = Path("/proc/self/oom_score_adj")
_FIRST_TO_GO = "500"


def end_with_the_worker(lifeline: int) -> None:
    """End this process when the worker does. `lifeline`: the reading end of a pipe whose other end the worker holds.

    When the worker is gone, however it went, the kernel signals that something happened on the pipe, and the signal's
    default action ends this process: also one in which no line of Python gets to run any more.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        if os.read(lifeline, 1) == b"":  # it was gone before this process could ask to be told
            os._exit(0)


def go_first_when_memory_is_short() -> None:
    """Let the kernel end this process before the worker when memory is short."""
    with suppress(OSError):
        _OOM_SCORE.write_text(_FIRST_TO_GO)


def keep_what_was_imported() -> None:
    """Begin the search for cycles, without the objects of imported modules, which are permanent."""
    gc.collect()
    gc.freeze()
    gc.enable()


def machine_memory() -> int:
    """Return the bytes of memory of this machine, or of the container that this process runs in."""
    total: int = psutil.virtual_memory().total
    try:
        return min(total, int(_CONTAINER.read_text()))
    except (OSError, ValueError):  # no container, or `max`
        return total
