"""DBOS: a workflow whose nodes are steps, in SQLite or PostgreSQL. See `bench.peers.protocol`."""

import asyncio
import sys
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import version
from pathlib import Path

from dbos import DBOS

from bench.peers.postgres import postgres
from bench.peers.protocol import own_output, serve_async


@DBOS.step()
async def step(value: int) -> int:
    return value + 1


@DBOS.workflow()
async def layers(widths: list[int]) -> int:
    values = [0]
    for width in widths:
        values = await asyncio.gather(*(step(values[place % len(values)]) for place in range(width)))
    return values[0]


async def measure(widths: list[int], runs: int) -> list[int]:
    handles = await asyncio.gather(*(DBOS.start_workflow_async(layers, widths) for _ in range(runs)))
    return list(await asyncio.gather(*(handle.get_result() for handle in handles)))


async def main(folder: Path, backend: str) -> None:
    output = own_output()
    database: AbstractContextManager[str] = nullcontext(f"sqlite:///{folder / 'dbos.sqlite'}")
    if backend == "postgres":
        database = postgres(folder)
    with database as url:
        DBOS(config={"name": "bench", "system_database_url": url, "log_level": "WARNING"})
        DBOS.launch()
        try:
            await serve_async(output, f"DBOS {version('dbos')}, {backend}", measure)
        finally:
            DBOS.destroy()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
