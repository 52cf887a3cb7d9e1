"""Lists cost the same with ten rows and with a hundred thousand: by an index, in its order, without a sort."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from tests.integration.postgres import PostgresServer
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


MANY = """
INSERT INTO graphs (id, name, version, document, sha256, created_at)
    SELECT 'g_' || n, 'graph ' || n, 1, '{}', '', now() FROM generate_series(1, 10) n;
INSERT INTO runs (id, graph_id, name, status, progress, last_seq, input, created_at)
    SELECT 'r_' || n, 'g_' || n % 10 + 1, 'graph ' || n % 10 + 1,
        CASE WHEN n % 20 = 0 THEN 'failed' ELSE 'succeeded' END, 100, 9, 'null',
        TIMESTAMPTZ '2026-01-01 00:00+00' + n * INTERVAL '30 s' FROM generate_series(1, 100000) n;
INSERT INTO run_tags (run_id, tag, created_at)
    SELECT id, tag, created_at FROM runs, (VALUES ('a', 1), ('b', 3)) AS tags (tag, each)
    WHERE substr(id, 3)::int % each = 0;
ANALYZE;
"""


class PostgresqlPlans:
    def __init__(self, store: Store, url: str) -> None:
        self._store = store
        self._url = url

    async def of_page(self, cursor: str | None, filters: dict[str, Any]) -> str:
        sent: list[tuple[str, Any]] = []

        def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
            sent.append((statement, parameters))

        event.listen(Engine, "before_cursor_execute", note)
        try:
            await self._store.runs.page(cursor, 50, **filters)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        statement, parameters = sent[-1]
        with psycopg.connect(self._url) as connection:
            rows = connection.execute(f"EXPLAIN {statement}".encode(), parameters)
            return "; ".join(row[0] for row in rows)


@pytest.fixture(scope="module")
async def many(postgres: PostgresServer) -> AsyncIterator[PostgresqlPlans]:
    """A hundred thousand runs, with a tag that all have and one that every third has."""
    url = postgres.new_database()
    store = Store.open(url)
    await store.migrate()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(MANY)
    yield PostgresqlPlans(store, url)
    await store.close()


def assert_ordered_by(plan: str, index: str) -> None:
    assert f"INDEX {index}" in plan
    assert "TEMP B-TREE" not in plan


FILTERED: list[tuple[dict[str, Any], str]] = [
    ({}, "ix_runs_created_at_id"),
    ({"created_after": MOMENT, "created_before": MOMENT}, "ix_runs_created_at_id"),
    ({"status": RunStatus.FAILED}, "ix_runs_status_created_at_id"),
    ({"graph_id": "g_1"}, "ix_runs_graph_id_created_at_id"),
    ({"name": "demo", "created_before": MOMENT}, "ix_runs_name_created_at_id"),
    ({"part_of": "r_1"}, "ix_runs_part_of_created_at_id"),
    ({"tags": ["a"], "created_after": MOMENT}, "ix_run_tags_tag_created_at_run_id"),
    ({"tags": ["a", "b"], "status": RunStatus.FAILED}, "ix_run_tags_tag_created_at_run_id"),
]


@pytest.mark.parametrize("cursor", [None, CURSOR])
@pytest.mark.parametrize(("filters", "index"), FILTERED)
async def test_pages_of_runs(
    store: Store, plans: Plans, filters: dict[str, Any], index: str, cursor: str | None
) -> None:
    await store.runs.page(cursor, 50, **filters)
    assert_ordered_by(plans.last(), index)


async def test_runs_past_a_cursor_are_sought_and_not_skipped_over(store: Store, plans: Plans) -> None:
    await store.runs.page(CURSOR, 50)
    assert "SEARCH runs USING INDEX ix_runs_created_at_id ((created_at,id)<(?,?))" in plans.last()


@pytest.mark.parametrize("cursor", [None, CURSOR])
@pytest.mark.parametrize(("filters", "index"), FILTERED)
async def test_pages_of_a_hundred_thousand_runs_on_postgresql(
    many: PostgresqlPlans, filters: dict[str, Any], index: str, cursor: str | None
) -> None:
    plan = await many.of_page(cursor, filters)
    assert index in plan
    assert "Sort" not in plan
    assert "Seq Scan" not in plan


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
