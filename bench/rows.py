"""Fills a table of runs as after long use."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, insert

from wand_orchestrator.storage import Store
from wand_orchestrator.storage.tables import RunRow

BETWEEN = timedelta(seconds=1)
_BATCH = 10_000
_STATUSES = ("succeeded", "succeeded", "succeeded", "failed")


async def with_rows(database: Path, rows: int) -> None:
    """Make the database, with so many ended runs a second apart, up to now: old ones would be let go."""
    store = Store.open(f"sqlite:///{database}")
    try:
        await store.migrate()
    finally:
        await store.close()
    await asyncio.to_thread(_fill, database, rows)


def middle(rows: int) -> datetime:
    """Return a time before which about half of so many rows were created."""
    return datetime.now(UTC) - rows // 2 * BETWEEN


def _fill(database: Path, rows: int) -> None:
    first = datetime.now(UTC) - rows * BETWEEN
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        for begin in range(0, rows, _BATCH):
            numbers = range(begin, min(begin + _BATCH, rows))
            connection.execute(insert(RunRow), [_row(number, first + number * BETWEEN) for number in numbers])
    engine.dispose()


def _row(number: int, moment: datetime) -> dict[str, Any]:
    return {
        "id": f"r_{number:032x}",
        "name": f"graph-{number % 10}",
        "status": _STATUSES[number % len(_STATUSES)],
        "progress": 100,
        "last_seq": 8,
        "input": "null",
        "created_at": moment,
        "started_at": moment,
        "finished_at": moment + BETWEEN,
    }
