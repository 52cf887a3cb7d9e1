"""Lists cost the same with ten rows and with a hundred thousand: by an index, in its order, without a sort."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from wand_orchestrator.state import RunStatus
from wand_orchestrator.storage import Store
from wand_orchestrator.storage.page import Place

CURSOR = Place(datetime(2026, 1, 31, tzinfo=UTC), "r_1").encode()
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class Plans:
    """How SQLite carries out the statements that the store sends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sent: list[tuple[str, Any]] = []

    def note(self, _: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        self._sent.append((statement, parameters))

    def last(self) -> str:
        statement, parameters = self._sent[-1]
        with closing(sqlite3.connect(self._path)) as connection:
            rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return "; ".join(row[3] for row in rows)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "wand.db"


@pytest.fixture
def plans(path: Path) -> Iterator[Plans]:
    plans = Plans(path)
    event.listen(Engine, "before_cursor_execute", plans.note)
    yield plans
    event.remove(Engine, "before_cursor_execute", plans.note)


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    store = Store.open(str(path))
    await store.migrate()
    yield store
    await store.close()


def assert_ordered_by(plan: str, index: str) -> None:
    assert f"INDEX {index}" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("cursor", [None, CURSOR])
@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "ix_runs_created_at_id"),
        ({"created_after": MOMENT, "created_before": MOMENT}, "ix_runs_created_at_id"),
        ({"status": RunStatus.FAILED}, "ix_runs_status_created_at_id"),
        ({"graph_id": "g_1"}, "ix_runs_graph_id_created_at_id"),
        ({"name": "demo", "created_before": MOMENT}, "ix_runs_name_created_at_id"),
    ],
)
async def test_pages_of_runs(
    store: Store, plans: Plans, filters: dict[str, Any], index: str, cursor: str | None
) -> None:
    await store.runs.page(cursor, 50, **filters)
    assert_ordered_by(plans.last(), index)


async def test_runs_past_a_cursor_are_sought_and_not_skipped_over(store: Store, plans: Plans) -> None:
    await store.runs.page(CURSOR, 50)
    assert "SEARCH runs USING INDEX ix_runs_created_at_id ((created_at,id)<(?,?))" in plans.last()


@pytest.mark.parametrize(("name", "index"), [(None, "ix_graphs_created_at_id"), ("a", "ix_graphs_name_created_at_id")])
async def test_pages_of_graphs(store: Store, plans: Plans, name: str | None, index: str) -> None:
    await store.graphs.page(CURSOR, 50, name)
    assert_ordered_by(plans.last(), index)


async def test_pending_runs(store: Store, plans: Plans) -> None:
    await store.runs.pending(0, 50)
    assert_ordered_by(plans.last(), "ix_runs_status_created_at_id")


async def test_the_same_graph(store: Store, plans: Plans) -> None:
    await store.graphs.find_same("demo", "sha256")
    assert "INDEX ix_graphs_name_sha256_version (name=? AND sha256=?)" in plans.last()


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "sqlite_autoindex_events_1"),
        ({"level": "info"}, "sqlite_autoindex_events_1"),
        ({"level": "warning"}, "ix_events_serious"),
        ({"level": "error"}, "ix_events_serious"),
        ({"node": "a"}, "ix_events_run_id_node_seq"),
    ],
)
async def test_pages_of_events(store: Store, plans: Plans, filters: dict[str, Any], index: str) -> None:
    await store.events.page("r_1", 100, 50, **filters)
    assert_ordered_by(plans.last(), index)
