"""What a host process does to itself at its start, so that it ends when it should."""

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
    """`lifeline`: the reading end of a pipe whose other end the worker holds.

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
    """Before the worker, where the kernel has to choose."""
    with suppress(OSError):
        _OOM_SCORE.write_text(_FIRST_TO_GO)


def keep_what_was_imported() -> None:
    """What modules made stays for good, and is not looked through for cycles again and again."""
    gc.collect()
    gc.freeze()


def machine_memory() -> int:
    """Bytes that this machine has, or the container that this process runs in."""
    total: int = psutil.virtual_memory().total
    try:
        return min(total, int(_CONTAINER.read_text()))
    except (OSError, ValueError):  # no container, or `max`
        return total
