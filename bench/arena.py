"""Opens the systems that a workload needs, and closes all others."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from bench.contenders.handwritten import Handwritten
from bench.contenders.peer import Peer
from bench.contenders.wand import Wand
from bench.peers.catalogue import PEERS
from bench.rows import with_rows
from bench.servers import stock_temporal, tuned_temporal

T = TypeVar("T")

WAND = "wand"
STOCK = "stock"
TUNED = "tuned"


def wand_with_rows(rows: int) -> str:
    """Name of a stack whose table of runs has so many."""
    return f"wand {rows}"


def wand_with_processes(count: int, agents: int = 4) -> str:
    """Name of a deployment whose worker has so many processes, each of which runs so many agents at once."""
    return f"wand processes {count} {agents}"


class Arena:
    """Opens each system in a folder of its own when it is first needed, and closes it once a
    workload does not need it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._up: dict[str, tuple[Any, AsyncExitStack]] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator["Arena"]:
        with tempfile.TemporaryDirectory(prefix="wand-bench-", ignore_cleanup_errors=True) as folder:
            arena = cls(Path(folder))
            try:
                yield arena
            finally:
                await arena.keep(())

    async def keep(self, names: Iterable[str]) -> None:
        """Close all others."""
        for name in [name for name in self._up if name not in set(names)]:
            _, stack = self._up.pop(name)
            await stack.aclose()

    async def get(self, name: str, kind: type[T]) -> T:
        """Opens it if it is not up. Raises what keeps it from starting."""
        if name not in self._up:
            stack = AsyncExitStack()
            folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=f"{name.split()[0]}-", dir=self._folder))
            self._up[name] = (await stack.enter_async_context(_opening(name, folder)), stack)
        system, _ = self._up[name]
        assert isinstance(system, kind)
        return system

    async def wand(self, name: str = WAND) -> Wand:
        return await self.get(name, Wand)

    async def handwritten(self, name: str) -> Handwritten:
        return await self.get(name, Handwritten)

    async def peer(self, name: str) -> Peer:
        return await self.get(name, Peer)


def _opening(name: str, folder: Path) -> AbstractAsyncContextManager[Any]:
    simple: dict[str, Callable[[], AbstractAsyncContextManager[Any]]] = {
        WAND: lambda: Wand.open(folder),
        STOCK: lambda: Handwritten.open(stock_temporal(folder), folder),
        TUNED: lambda: Handwritten.open(tuned_temporal(folder), folder),
    }
    if name in simple:
        return simple[name]()
    if name in PEERS:
        return Peer.open(PEERS[name], folder)
    _, *numbers = name.split()
    if numbers[0] == "processes":
        return Wand.open_apart(folder, int(numbers[1]), int(numbers[2]))
    return _wand_over_rows(int(numbers[0]), folder)


@asynccontextmanager
async def _wand_over_rows(rows: int, folder: Path) -> AsyncIterator[Wand]:
    await with_rows(folder / "wand.db", rows)
    async with Wand.open(folder) as wand:
        yield wand
