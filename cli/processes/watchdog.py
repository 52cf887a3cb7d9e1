"""Ends a process when this one is gone, also after `kill -9`, when nothing else cleans up.

A shell waits on a pipe that only this process holds open. Linux could do it by itself (PR_SET_PDEATHSIG), but tells of
the death of a thread, not of the process; a pipe works on every system.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

_WAIT_FOR_THE_END_OF_INPUT = 'read -r _ || kill "$1"'


@contextmanager
def ended_with_this_process(pid: int) -> Iterator[None]:
    """Send SIGTERM to the process `pid` if this one ends while the block runs. Leave the block before waiting for
    `pid`.
    """
    watchdog = subprocess.Popen(
        ["/bin/sh", "-c", _WAIT_FOR_THE_END_OF_INPUT, "wand-watchdog", str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    try:
        yield
    finally:
        watchdog.kill()
        watchdog.wait()
        if watchdog.stdin is not None:
            watchdog.stdin.close()
