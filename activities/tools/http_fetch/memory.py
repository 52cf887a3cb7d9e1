"""Bounds the bytes of bodies that a worker reads at once.

Each fetch may read up to its `max_bytes`. Many at once would together take more than a worker has, so each reserves
what it may come to before it begins, and waits while others hold too much. In the order of asking: a large one would
otherwise wait for ever behind small ones.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

BYTES_AT_ONCE = 128 * 1024**2

_memories: "WeakKeyDictionary[asyncio.AbstractEventLoop, Memory]" = WeakKeyDictionary()


class Memory:
    def __init__(self, size: int) -> None:
        self._size = size
        self._held = 0
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def reserve(self, wanted: int) -> AsyncIterator[None]:
        """Reserve bytes while the block runs; a reservation above the limit waits until it has all of it."""
        share = min(wanted, self._size)
        async with self._turn:
            while self._held + share > self._size:
                self._freed.clear()
                await self._freed.wait()
            self._held += share
        try:
            yield
        finally:
            self._held -= share
            self._freed.set()


def of_this_worker() -> Memory:
    return _memories.setdefault(asyncio.get_running_loop(), Memory(BYTES_AT_ONCE))
