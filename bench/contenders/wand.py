"""Runs Wand over HTTP, on the stack that `wand dev` starts."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from temporalio.client import Client

from bench.http import Http, Refused, Subscriber
from bench.servers import wand_apart, wand_dev
from bench.shapes import Shape, graph_of

Json = dict[str, Any]

_POLL_SEC = 0.05
_POLLED = 0.01
"""The part of the time by which the end of a burst is seen too late, at most."""

_PAGE = 200
_ASK_AGAIN_SEC = 0.5


class Lost(Exception):
    """A run did not end as it should."""


class Wand:
    """A running Wand. `pid`: the process of worker and API."""

    def __init__(self, http: Http, temporal: Client, pid: int) -> None:
        self.http = http
        self.pid = pid
        self._temporal = temporal
        self._graphs: dict[str, str] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator["Wand"]:
        async with wand_dev(folder) as (http, temporal, pid):
            yield cls(http, temporal, pid)

    @classmethod
    @asynccontextmanager
    async def open_apart(cls, folder: Path, processes: int, agents: int) -> AsyncIterator["Wand"]:
        """Start API and workers in processes of their own."""
        async with wand_apart(folder, processes, agents) as (http, temporal, pid):
            yield cls(http, temporal, pid)

    async def run(self, shape: Shape) -> float:
        """Return the seconds from `POST /runs` to the run's last event over SSE."""
        seconds, _ = await self.timed(graph_of(shape))
        return seconds

    async def timed(self, document: Json) -> tuple[float, str]:
        """Return the seconds that a run of any graph takes, and the run's id."""
        graph_id = await self.store(document)
        begun = time.perf_counter()
        run_id = await self.start(graph_id)
        subscriber = await self.follow(run_id)
        await subscriber.ended.wait()
        subscriber.close()
        last = subscriber.events()[-1][1]
        if last["type"] != "run.succeeded":
            raise Lost(f"{run_id} of {document['name']} ended with {last}")
        return subscriber.ended_at - begun, run_id

    async def run_unwatched(self, shape: Shape) -> float:
        """Return the seconds from `POST /runs` to the workflow's end, which Temporal reports without a query to the
        run.
        """
        return await self.timed_unwatched(graph_of(shape))

    async def timed_unwatched(self, document: Json) -> float:
        """Return the same for any graph."""
        graph_id = await self.store(document)
        begun = time.perf_counter()
        run_id = await self.start(graph_id)
        await self._temporal.get_workflow_handle(run_id).result()
        return time.perf_counter() - begun

    async def check(self, shape: Shape) -> None:
        """Check that a run returns what a contender that does the same work returns. Raises Lost."""
        run_id = await self.start(await self.store(graph_of(shape)))
        await (await self.follow(run_id)).ended.wait()
        outputs = (await self.http.get(f"/runs/{run_id}"))["result"]["outputs"]
        if [output["value"] for output in outputs.values()] != [len(shape.layers)]:
            raise Lost(f"{shape.name} gave {outputs}")

    async def burst(self, shape: Shape, runs: int) -> tuple[float, int]:
        """Return the seconds until all of so many runs, started at once, have ended; and how many did not succeed,
        refused starts included.
        """
        graph_id = await self.store(graph_of(shape), anew=True)
        begun = time.perf_counter()
        await asyncio.gather(*(self._start_if_let(graph_id) for _ in range(runs)))
        await self._all_ended(graph_id)
        seconds = time.perf_counter() - begun
        return seconds, runs - await self._count(graph_id, "succeeded")

    async def starts(self, shape: Shape, runs: int, at_once: int) -> tuple[float, float]:
        """Return the seconds that so many starts take, with `at_once` in progress at any time, and until all runs have
        ended.
        """
        graph_id = await self.store(graph_of(shape), anew=True)
        left = iter(range(runs))
        begun = time.perf_counter()
        await asyncio.gather(*(self._start_some(graph_id, left) for _ in range(at_once)))
        seconds = time.perf_counter() - begun
        await self._all_ended(graph_id)
        return seconds, time.perf_counter() - begun

    async def store(self, document: Json, *, anew: bool = False) -> str:
        """Return the id of the stored graph; `anew`: of a new version, which has no earlier runs."""
        name = document["name"]
        if anew or name not in self._graphs:
            self._graphs[name] = (await self.http.post("/graphs", document))["graph_id"]
        return self._graphs[name]

    async def start(self, graph_id: str) -> str:
        return str((await self.http.post("/runs", {"graph_id": graph_id}))["run_id"])

    async def follow(self, run_id: str) -> Subscriber:
        return await self.http.subscribe(f"/runs/{run_id}/stream")

    async def follow_all(self, run_id: str, count: int) -> tuple[list[Subscriber], int]:
        """Return so many subscribers that connect at once, and the number of 503 until all were served."""
        served: list[Subscriber] = []
        refused = 0
        while len(served) < count:
            asked = await asyncio.gather(*(self.follow(run_id) for _ in range(count - len(served))))
            await asyncio.gather(*(subscriber.begun.wait() for subscriber in asked))
            served += [subscriber for subscriber in asked if subscriber.status == 200]
            others = [subscriber for subscriber in asked if subscriber.status != 200]
            if any(subscriber.status != 503 for subscriber in others):
                raise Lost(f"subscribers were answered with {sorted({other.status for other in others})}")
            refused += len(others)
            await asyncio.sleep(_ASK_AGAIN_SEC if others else 0)
        return served, refused

    async def _start_if_let(self, graph_id: str) -> None:
        with suppress(Refused):
            await self.start(graph_id)

    async def _start_some(self, graph_id: str, left: Iterator[int]) -> None:
        for _ in left:
            await self.start(graph_id)

    async def _all_ended(self, graph_id: str) -> None:
        """Wait until all runs have ended, by the list of runs, which is read so seldom that it
        costs the runs little.
        """
        begun = time.perf_counter()
        for status in ("pending", "running"):
            while await self._any(graph_id, status):  # noqa: ASYNC110 - it is another process that ends them
                await asyncio.sleep(max(_POLL_SEC, _POLLED * (time.perf_counter() - begun)))

    async def _any(self, graph_id: str, status: str) -> bool:
        """Return whether any run has this status; a 503, as under a burst, counts as one."""
        try:
            page = await self.http.get(f"/runs?graph_id={graph_id}&status={status}&limit=1")
        except Refused as refusal:
            if refusal.status != 503:
                raise
            return True
        return bool(page["runs"])

    async def _count(self, graph_id: str, status: str) -> int:
        path = f"/runs?graph_id={graph_id}&status={status}&limit={_PAGE}"
        page = await self.http.get(path)
        count = len(page["runs"])
        while page["next"] is not None:
            page = await self.http.get(f"{path}&cursor={page['next']}")
            count += len(page["runs"])
        return count
