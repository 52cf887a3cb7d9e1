"""Keeps the HTTP clients of models open for a while after a call, so that the next turn finds its connection.

Opening a client anew costs 25 ms of processor time for the certificates of the machine, during which no other agent of
the process goes on, and a handshake with the provider.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_ai.models import Model

CLIENT_IDLE_SEC = 60.0


@dataclass
class _Kept:
    stack: AsyncExitStack
    closing: asyncio.TimerHandle


class OpenModels:
    """The models of one process whose clients are open. Whoever owns it closes it, on the same event loop."""

    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}
        self._closings: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def using(self, model: "Model") -> AsyncIterator[None]:
        """Keep the model's client open during the block, and for a while after it."""
        async with model:
            await self._keep(model)
            yield

    async def close(self) -> None:
        """Close the clients that no call uses."""
        for key in tuple(self._kept):
            self._close_soon(key)
        await asyncio.gather(*self._closings)

    async def _keep(self, model: "Model") -> None:
        key, loop = id(model), asyncio.get_running_loop()
        if (kept := self._kept.get(key)) is not None:
            kept.closing.cancel()
            kept.closing = loop.call_later(CLIENT_IDLE_SEC, self._close_soon, key)
            return
        kept = self._kept[key] = _Kept(AsyncExitStack(), loop.call_later(CLIENT_IDLE_SEC, self._close_soon, key))
        await kept.stack.enter_async_context(model)

    def _close_soon(self, key: int) -> None:
        kept = self._kept.pop(key)
        kept.closing.cancel()
        task = asyncio.get_running_loop().create_task(kept.stack.aclose())
        self._closings.add(task)
        task.add_done_callback(self._closings.discard)
