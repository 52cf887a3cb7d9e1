"""Runs the same graphs as a hand-written Temporal workflow, started by a client in a process of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle

from bench.contenders.handwritten_workflow import TASK_QUEUE, Layers, Plan
from bench.servers import handwritten_worker
from bench.shapes import Shape


class Handwritten:
    def __init__(self, client: Client) -> None:
        self._client = client

    @classmethod
    @asynccontextmanager
    async def open(cls, server: AbstractAsyncContextManager[Client], folder: Path) -> AsyncIterator["Handwritten"]:
        async with server as client, handwritten_worker(client, folder):
            yield cls(client)

    async def run(self, shape: Shape) -> float:
        """Return the seconds from the start to the result."""
        begun = time.perf_counter()
        handle = await self._start(shape)
        await self._result(handle, shape)
        return time.perf_counter() - begun

    async def burst(self, shape: Shape, runs: int) -> float:
        """Return the seconds until all of so many runs, started at once, have their results."""
        begun = time.perf_counter()
        await asyncio.gather(*(self.run(shape) for _ in range(runs)))
        return time.perf_counter() - begun

    async def starts(self, shape: Shape, runs: int, at_once: int) -> tuple[float, float]:
        """Return the seconds that so many starts take, with `at_once` in progress at any time, and until all runs have
        ended.
        """
        left = iter(range(runs))
        begun = time.perf_counter()
        started = await asyncio.gather(*(self._start_some(shape, left) for _ in range(at_once)))
        seconds = time.perf_counter() - begun
        await asyncio.gather(*(self._result(handle, shape) for handles in started for handle in handles))
        return seconds, time.perf_counter() - begun

    async def _start_some(self, shape: Shape, left: Iterator[int]) -> list[WorkflowHandle[Layers, int]]:
        return [await self._start(shape) for _ in left]

    async def _start(self, shape: Shape) -> WorkflowHandle[Layers, int]:
        plan = Plan(list(shape.layers), [0], local=shape.short)
        return await self._client.start_workflow(Layers.run, plan, id=uuid4().hex, task_queue=TASK_QUEUE)

    async def _result(self, handle: WorkflowHandle[Layers, int], shape: Shape) -> None:
        result = await handle.result()
        if result != len(shape.layers):
            raise ValueError(f"{shape.name} gave {result}")
