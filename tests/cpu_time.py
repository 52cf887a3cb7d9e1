"""CPU time of a piece of work, as a multiple of a fixed loop's time in the same moment.

A bound in seconds fails on a slow or a busy machine, although the work is the same. The loop is timed before and after
the work, so that both have the same machine.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOP_STEPS = 400_000  # some 20 ms of CPU time on a machine of 2026


def cpu_loops(work: Callable[[], object]) -> float:
    """Runs `work` once and returns its CPU time, in times of the loop: 50 are about a second."""
    with _no_garbage_collection():
        before = _loop_time()
        started = time.process_time()
        work()
        taken = time.process_time() - started
        return taken / max(before, _loop_time())


def _loop_time() -> float:
    return max(_one_loop() for _ in range(2))


def _one_loop() -> float:
    started = time.process_time()
    total = 0
    for number in range(LOOP_STEPS):
        total += number % 7
    return time.process_time() - started


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """A full collection looks at all that the tests imported: up to 0.6 s that are not the work's."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
