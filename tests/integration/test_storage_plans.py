"""Lists cost the same with ten rows and with a hundred thousand: by an index, in its order, without a sort."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event, make_url

from tests.postgres import PostgresServer
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.storage import Store
from wand_orchestrator.storage.page import Place

CURSOR = Place(datetime(2026, 1, 31, tzinfo=UTC), "r_1").encode()
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class Plans:
    """How SQLite carries out the statements that the store sends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sent: list[tuple[str, Any]] = []

    def note(self, connection: Connection, _: Any, statement: str, parameters: Any, *__: Any) -> None:
        """Other stores of this process, of which there may be some, send statements meanwhile."""
        if str(self._path) in str(connection.engine.url.database):
            self._sent.append((statement, parameters))

    def last(self) -> str:
        statement, parameters = self._sent[-1]
        with closing(sqlite3.connect(self._path)) as connection:
            rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return "; ".join(row[3] for row in rows)

    def steps(self) -> int:
        """Of SQLite's virtual machine, in thousands, for all that was sent."""
        thousands = 0

        def count() -> int:
            nonlocal thousands
            thousands += 1
            return 0

        with closing(sqlite3.connect(self._path)) as connection:
            connection.set_progress_handler(count, 1000)
            for statement, parameters in self._sent:
                connection.execute(statement, parameters).fetchall()
        return thousands


@pytest.fixture(scope="module")
async def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With as many runs as `many`."""
    path = tmp_path_factory.mktemp("plans") / "wand.db"
    store = Store.open(str(path))
    await store.migrate()
    await store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(MANY_SQLITE)
    return path


@pytest.fixture
def plans(path: Path) -> Iterator[Plans]:
    plans = Plans(path)
    event.listen(Engine, "before_cursor_execute", plans.note)
    yield plans
    event.remove(Engine, "before_cursor_execute", plans.note)


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    store = Store.open(str(path))
    yield store
    await store.close()


async def test_names_of_graphs_and_their_last_runs_are_found_by_indexes(store: Store, plans: Plans) -> None:
    page = await store.graph_names.page(None, 5)
    assert [each.last_run is not None for each in page.items] == [True] * 5
    assert "SEARCH runs USING INDEX ix_runs_name_created_at_id" in plans.last()
    assert "SCAN runs" not in plans.last()


MANY_SQLITE = """
CREATE TEMP TABLE numbers AS
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000) SELECT n FROM numbers;
BEGIN;
INSERT INTO graphs (id, name, version, document, sha256, created_at)
    SELECT 'g_' || n, 'graph ' || n, 1, '{}', '', '2026-01-01 00:00:00.000000' FROM numbers WHERE n <= 10;
INSERT INTO runs (id, graph_id, name, status, progress, last_seq, input, created_at)
    SELECT 'r_' || n, 'g_' || (n % 10 + 1), 'graph ' || (n % 10 + 1),
        CASE WHEN n % 20 = 0 THEN 'failed' ELSE 'succeeded' END, 100, 9, 'null',
        strftime('%Y-%m-%d %H:%M:%S.000000', '2026-01-01', (n * 30) || ' seconds') FROM numbers;
INSERT INTO run_tags (run_id, tag, created_at)
    SELECT id, tag, created_at FROM runs, (SELECT 'a' AS tag, 1 AS each UNION SELECT 'b', 3 UNION SELECT 'rare', 20000)
    WHERE substr(id, 3) % each = 0;
COMMIT;
"""

MANY = """
INSERT INTO graphs (id, name, version, document, sha256, created_at)
    SELECT 'g_' || n, 'graph ' || n, 1, '{}', '', now() FROM generate_series(1, 10) n;
INSERT INTO runs (id, graph_id, name, status, progress, last_seq, input, created_at)
    SELECT 'r_' || n, 'g_' || n % 10 + 1, 'graph ' || n % 10 + 1,
        CASE WHEN n % 20 = 0 THEN 'failed' ELSE 'succeeded' END, 100, 9, 'null',
        TIMESTAMPTZ '2026-01-01 00:00+00' + n * INTERVAL '30 s' FROM generate_series(1, 100000) n;
INSERT INTO run_tags (run_id, tag, created_at)
    SELECT id, tag, created_at FROM runs, (VALUES ('a', 1), ('b', 3), ('rare', 20000)) AS tags (tag, each)
    WHERE substr(id, 3)::int % each = 0;
ANALYZE;
"""


class PostgresqlPlans:
    def __init__(self, store: Store, url: str) -> None:
        self._store = store
        self._url = url

    async def of_page(self, cursor: str | None, filters: dict[str, Any]) -> str:
        statement, parameters = (await self._sent(cursor, filters))[-1]
        with psycopg.connect(self._url) as connection:
            rows = connection.execute(f"EXPLAIN {statement}".encode(), parameters)
            return "; ".join(row[0] for row in rows)

    async def pages_read(self, filters: dict[str, Any]) -> int:
        """Pages of the database that a page of runs takes."""
        read = 0
        with psycopg.connect(self._url) as connection:
            for statement, parameters in await self._sent(None, filters):
                explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}".encode()
                row = connection.execute(explain, parameters).fetchone()
                assert row is not None
                plan = row[0][0]["Plan"]
                read += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        return read

    async def _sent(self, cursor: str | None, filters: dict[str, Any]) -> list[tuple[str, Any]]:
        sent: list[tuple[str, Any]] = []

        def note(connection: Connection, _: Any, statement: str, parameters: Any, *__: Any) -> None:
            if connection.engine.url.database == make_url(self._url).database:
                sent.append((statement, parameters))

        event.listen(Engine, "before_cursor_execute", note)
        try:
            await self._store.runs.page(cursor, 50, **filters)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        return [(statement, parameters) for statement, parameters in sent if statement.startswith("SELECT")]


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


RARE: list[tuple[dict[str, Any], int]] = [
    ({"tags": ["a", "rare"]}, 5),
    ({"tags": ["rare", "a"], "status": RunStatus.FAILED}, 5),
    ({"tags": ["a", "never"]}, 0),
    ({"tags": ["a"], "status": RunStatus.RUNNING}, 0),
    ({"tags": ["a", "b"], "name": "never"}, 0),
    ({"tags": ["a"], "graph_id": "g_1", "created_after": datetime(2026, 2, 4, 17, tzinfo=UTC)}, 4),
]
"""With how many runs of a hundred thousand fit."""


@pytest.mark.parametrize(("filters", "fit"), RARE)
async def test_what_few_runs_have_is_found_at_the_cost_of_a_few(
    store: Store, plans: Plans, filters: dict[str, Any], fit: int
) -> None:
    assert len((await store.runs.page(None, 50, **filters)).items) == fit
    assert plans.steps() <= 120  # the count of one tag takes some 30; along the common tag it is more than 1000


@pytest.mark.parametrize(("filters", "fit"), RARE)
async def test_what_few_runs_have_is_found_at_the_cost_of_a_few_on_postgresql(
    many: PostgresqlPlans, filters: dict[str, Any], fit: int
) -> None:
    assert await many.pages_read(filters) <= 500


@pytest.mark.parametrize(("name", "index"), [(None, "ix_graphs_created_at_id"), ("a", "ix_graphs_name_created_at_id")])
async def test_pages_of_graphs(store: Store, plans: Plans, name: str | None, index: str) -> None:
    await store.graphs.page(CURSOR, 50, name)
    assert_ordered_by(plans.last(), index)


async def test_pending_runs(store: Store, plans: Plans) -> None:
    await store.runs.pending(0, 50)
    assert_ordered_by(plans.last(), "ix_runs_status_created_at_id")


async def test_retries_of_a_run(store: Store, plans: Plans) -> None:
    await store.runs.retries_of("r_1", 20)
    assert_ordered_by(plans.last(), "ix_runs_retried_run_created_at_id")


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
