"""The file of an SQLite database: who may read it, what happens when it is damaged, and that it shrinks."""

import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.integration.graph_cases import emit, graph
from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.errors import Unavailable
from wand_orchestrator.graph import Graph
from wand_orchestrator.storage import Store
from wand_orchestrator.storage.engine.failure import DatabaseBroken

LARGE = 200_000


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Store]:
    store = Store.open(f"sqlite:///{path}")
    try:
        await store.migrate()
        yield store
    finally:
        await store.close()


async def test_only_its_user_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "wand.db"
    async with opened(path):
        for each in (path.parent, *path.parent.iterdir()):
            assert not stat.S_IMODE(each.stat().st_mode) & 0o077, each


@pytest.mark.parametrize("content", [b"this is no database, but long enough to look like something" * 99, b"SQLite"])
async def test_that_is_none_is_told_at_once_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wand.db"
    path.write_bytes(content)

    with pytest.raises(DatabaseBroken, match="restore a copy of it, or move the file"):
        async with opened(path):
            pass


async def test_with_a_damaged_page_is_told_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "wand.db"
    async with opened(path) as store:
        for number in range(20):
            await store.graphs.add(Graph.model_validate({**graph([emit("a", "x" * 5000)]), "name": f"g{number}"}))
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))

    with pytest.raises(DatabaseBroken):
        async with opened(path) as store:
            await store.graphs.page(None, 50)


async def _filled(path: Path) -> int:
    """Runs that are deleted again; gives the largest size that the file had."""
    async with opened(path) as store:
        stored = await store.graphs.add(Graph.model_validate(graph([emit("a", 1)])))
        for number in range(30):
            await store.runs.add(f"r_{number}", stored.graph_id, stored.name, RunTerms(input="x" * LARGE))
        await store.shrink(1)
        largest = path.stat().st_size + path.with_name("wand.db-wal").stat().st_size
        for number in range(30):
            await store.deletions.add(f"r_{number}")
    return largest


async def _shrunk(path: Path) -> int:
    async with opened(path) as store:
        steps = 1
        while await store.shrink(100):
            steps += 1
        assert 5 < steps < 30  # each does what it was asked for, and no more
        assert await store.graphs.page(None, 1)
    return path.stat().st_size


async def test_shrinks_step_by_step_when_runs_were_deleted(tmp_path: Path) -> None:
    path = tmp_path / "wand.db"
    assert await _filled(path) > 30 * LARGE
    assert await _shrunk(path) < 5 * LARGE


async def test_of_an_earlier_version_shrinks_too(tmp_path: Path) -> None:
    path = tmp_path / "wand.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE earlier (x)")
        connection.commit()
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (0,)

    await _filled(path)
    assert await _shrunk(path) < 5 * LARGE


async def test_that_another_process_holds_is_waited_for_and_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "wand.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unavailable):
            async with opened(path):
                pass
        other.execute("ROLLBACK")
    async with opened(path) as store:
        await store.ping()
