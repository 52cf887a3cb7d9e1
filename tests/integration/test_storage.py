"""The store as a whole: migrations and outages."""

import asyncio
import gc
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psycopg.waiting
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text

from tests.postgres import PASSWORD, PostgresServer
from wand_orchestrator.contract.ids import new_run_id
from wand_orchestrator.contract.run_terms import RetryOf, RunTerms
from wand_orchestrator.contract.webhook import Webhook
from wand_orchestrator.errors import BadRequest, ConfigurationError, Unavailable
from wand_orchestrator.graph import Graph
from wand_orchestrator.storage import Run, Store
from wand_orchestrator.storage.engine import migration
from wand_orchestrator.storage.tables import Table

ANSWER_SEC = 2.0
GRAPH = Graph.model_validate({"name": "demo", "nodes": [{"id": "a", "type": "agent.fetch"}]})


@contextmanager
def engine_of(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    yield engine
    engine.dispose()


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Store]:
    store = Store.open(database_url)
    yield store
    await store.close()


@asynccontextmanager
async def migrated(database_url: str) -> AsyncIterator[Store]:
    async with opened(database_url) as store:
        await store.migrate()
        yield store


@pytest.fixture
async def sqlite_store(tmp_path: Path) -> AsyncIterator[Store]:
    async with migrated(str(tmp_path / "wand.db")) as store:
        yield store


async def works(store: Store) -> bool:
    stored = await store.graphs.find_or_add(GRAPH)
    run = await store.runs.add(new_run_id(), stored.graph_id, GRAPH.name, RunTerms())
    return await store.runs.get(run.run_id) == run


async def refused_in_time(store: Store) -> str:
    """What a read and a write say while the database is away."""
    said = []
    for call in (store.ping, lambda: store.graphs.add(GRAPH)):
        since = time.monotonic()
        with pytest.raises(Unavailable) as refused:
            await call()
        assert time.monotonic() - since < ANSWER_SEC
        assert refused.value.fields == {"missing": "database"}
        said.append(refused.value.message)
    return "; ".join(said)


async def eventually_works(store: Store) -> None:
    async with asyncio.timeout(15):
        while True:
            try:
                assert await works(store)
                return
            except Unavailable:
                await asyncio.sleep(0.05)


def _commits(wal: Path) -> int:
    """Transactions in a write-ahead log (https://www.sqlite.org/fileformat2.html#walformat)."""
    data = wal.read_bytes()
    page_bytes = int.from_bytes(data[8:12])
    frames = range(32, len(data), 24 + page_bytes)
    return sum(int.from_bytes(data[frame + 4 : frame + 8]) > 0 for frame in frames)


def _hold_up_the_loop() -> None:
    time.sleep(0.35)


class TestMigrations:
    async def test_lead_to_exactly_the_tables_that_the_code_uses(self, store: Store, database_url: str) -> None:
        with engine_of(database_url) as engine, engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Table.metadata) == []

    async def test_run_once_when_many_stores_start_at_once(self, database_url: str) -> None:
        stores = [Store.open(database_url) for _ in range(8)]
        await asyncio.gather(*(store.migrate() for store in stores))
        assert all([await works(store) for store in stores])
        await asyncio.gather(*(store.close() for store in stores))

    def test_run_once_when_many_processes_start_at_once(self, database_url: str) -> None:
        code = (
            "import asyncio, sys; from wand_orchestrator.storage import Store\n"
            "async def main():\n"
            "    store = Store.open(sys.argv[1]); await store.migrate(); await store.close()\n"
            "asyncio.run(main())"
        )
        processes = [subprocess.Popen([sys.executable, "-c", code, database_url]) for _ in range(3)]
        assert [process.wait(60) for process in processes] == [0, 0, 0]

    async def test_change_nothing_when_run_again(self, store: Store) -> None:
        stored = await store.graphs.add(GRAPH)
        await store.migrate()
        assert await store.graphs.get(stored.graph_id) == stored

    async def test_find_the_retries_of_earlier_releases(self, store: Store, database_url: str) -> None:
        graph = await store.graphs.add(GRAPH)
        retry = await store.runs.add("r_2", graph.graph_id, "demo", RunTerms(retry_of=RetryOf(run_id='r "1"')))
        with engine_of(database_url) as engine, engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(Path(migration.__file__).parents[1] / "migrations"))
            config.attributes["connection"] = connection
            command.downgrade(config, "0007")
        await store.migrate()
        assert await store.runs.retries_of('r "1"', 20) == [retry.run_id]
        assert await store.runs.retries_of("r_2", 20) == []

    async def test_keep_the_terms_of_runs_that_had_a_column_each(self, store: Store, database_url: str) -> None:
        graph = await store.graphs.add(GRAPH)
        webhook = Webhook(url="https://example.com/a?'b'")
        terms = RunTerms(tags=("a", 'b"c'), webhook=webhook, retry_of=RetryOf(run_id="r_1", from_nodes=("x",)))
        every = {"r_2": terms, "r_3": RunTerms(), "r_4": RunTerms(tags=("a",)), "r_5": RunTerms(webhook=webhook)}
        for run_id, each in every.items():
            await store.runs.add(run_id, graph.graph_id, "demo", each)
        with engine_of(database_url) as engine, engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(Path(migration.__file__).parents[1] / "migrations"))
            config.attributes["connection"] = connection
            command.downgrade(config, "0008")
            columns = connection.execute(text("SELECT tags, webhook, retry_of FROM runs WHERE id = 'r_2'")).one()
        assert [json.loads(column) for column in columns] == [
            ["a", 'b"c'],
            {"url": "https://example.com/a?'b'"},
            {"run_id": "r_1", "from": ["x"]},
        ]
        await store.migrate()
        assert {head.run_id: head.terms for head in (await store.runs.page(None, 9)).items} == every

    async def test_refuse_a_database_that_a_newer_version_wrote(self, store: Store, database_url: str) -> None:
        with engine_of(database_url) as engine, engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = 'of the future'"))
        with pytest.raises(ConfigurationError, match="another version of Wand"):
            await store.migrate()


class TestSqlite:
    async def test_is_in_wal_mode_and_keeps_references_whole(self, sqlite_store: Store, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / "wand.db") as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()
        with pytest.raises(Exception, match="FOREIGN KEY"):
            await sqlite_store.runs.add(new_run_id(), "g_unknown", "demo", RunTerms())

    async def test_keeps_working_where_it_was_opened_when_the_working_folder_changes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        async with opened("wand.db") as store:
            monkeypatch.chdir("/")
            await store.migrate()
        assert (tmp_path / "wand.db").exists()

    async def test_removed_is_unavailable_and_back_is_fine(self, sqlite_store: Store, tmp_path: Path) -> None:
        assert await works(sqlite_store)
        away = tmp_path / "away"
        (tmp_path / "wand.db").rename(away)
        assert "unable to open database file" in await refused_in_time(sqlite_store)
        away.rename(tmp_path / "wand.db")
        assert await works(sqlite_store)

    async def test_locked_by_another_process_is_unavailable_for_writers_only(
        self, sqlite_store: Store, tmp_path: Path
    ) -> None:
        other = sqlite3.connect(tmp_path / "wand.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        since = time.monotonic()
        with pytest.raises(Unavailable, match="locked"):
            await sqlite_store.graphs.add(GRAPH)
        assert time.monotonic() - since < ANSWER_SEC
        assert await sqlite_store.graphs.latest("demo") is None
        other.execute("ROLLBACK")
        other.close()
        assert await works(sqlite_store)

    async def test_writes_at_once_share_transactions(self, sqlite_store: Store, tmp_path: Path) -> None:
        graph = await sqlite_store.graphs.add(GRAPH)
        before = _commits(tmp_path / "wand.db-wal")
        runs = await asyncio.gather(
            *(sqlite_store.runs.add(new_run_id(), graph.graph_id, "demo", RunTerms(input=n)) for n in range(300))
        )
        assert len(await sqlite_store.runs.heads([run.run_id for run in runs])) == 300
        assert _commits(tmp_path / "wand.db-wal") - before < 30

    async def test_is_not_away_because_the_event_loop_is_late(self, sqlite_store: Store) -> None:
        graph = await sqlite_store.graphs.add(GRAPH)
        calls = [
            asyncio.create_task(sqlite_store.runs.add(new_run_id(), graph.graph_id, "demo", RunTerms()))
            for _ in range(9)
        ]
        since, turns = time.monotonic(), 0
        while not all(call.done() for call in calls):
            _hold_up_the_loop()
            await asyncio.sleep(0)
            turns += 1
        assert len({call.result().run_id for call in calls}) == 9
        assert time.monotonic() - since > ANSWER_SEC, f"{turns} turns of the loop show nothing"


class TestPostgresql:
    async def test_stopped_is_unavailable_and_started_again_is_fine(self, postgres: PostgresServer) -> None:
        async with migrated(postgres.new_database()) as store:
            assert all(await asyncio.gather(*(works(store) for _ in range(20))))
            await asyncio.to_thread(postgres.stop)
            try:
                assert PASSWORD not in await refused_in_time(store)
            finally:
                postgres.start()
            assert all(await asyncio.gather(*(works(store) for _ in range(20))))

    async def test_silent_is_unavailable_and_speaking_again_is_fine(self, postgres: PostgresServer) -> None:
        name = postgres.new_database().rpartition("/")[2]
        async with Relay.to(postgres.port) as relay, migrated(postgres.url(name, port=relay.port)) as store:
            assert all(await asyncio.gather(*(works(store) for _ in range(20))))
            relay.speaks.clear()
            assert PASSWORD not in await refused_in_time(store)
            relay.speaks.set()
            await eventually_works(store)

    async def test_that_never_spoke_is_unavailable(self, postgres: PostgresServer) -> None:
        async with Relay.to(postgres.port) as relay, opened(postgres.url("postgres", port=relay.port)) as store:
            relay.speaks.clear()
            await refused_in_time(store)
            since = time.monotonic()
            with pytest.raises(Unavailable):
                await store.migrate()
            assert time.monotonic() - since < ANSWER_SEC

    async def test_refusing_the_password_says_so_without_the_password(self, postgres: PostgresServer) -> None:
        async with opened(postgres.url("postgres").replace(PASSWORD, "wrong-secret")) as store:
            said = await refused_in_time(store)
        assert "password authentication failed" in said
        assert "wrong-secret" not in said

    async def test_a_statement_past_its_deadline_ends_on_the_server_too(self, postgres: PostgresServer) -> None:
        url = postgres.new_database()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wand' AND state = 'active'"
        async with migrated(url) as store:
            with psycopg.connect(url) as other, psycopg.connect(url, autocommit=True) as observer:
                other.execute("LOCK TABLE graphs")
                since = time.monotonic()
                with pytest.raises(Unavailable):
                    await store.graphs.latest("demo")
                assert time.monotonic() - since < ANSWER_SEC
                until = time.monotonic() + 10
                while observer.execute(waiting).fetchone() != (0,):
                    assert time.monotonic() < until, "the statement goes on"
                    await asyncio.sleep(0.02)
            assert await works(store)

    async def test_text_that_it_cannot_hold_is_a_bad_request(self, postgres: PostgresServer) -> None:
        async with migrated(postgres.new_database()) as store:
            with pytest.raises(BadRequest, match="cannot store"):
                await store.runs.get("r_\0")


class Relay:
    """A relay in front of a server that can fall silent without closing anything, as a broken network does."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._tasks: set[asyncio.Task[None]] = set()
        self.speaks = asyncio.Event()
        self.speaks.set()
        self.port = 0

    @classmethod
    @asynccontextmanager
    async def to(cls, target: int) -> AsyncIterator["Relay"]:
        relay = cls(target)
        server = await asyncio.start_server(relay._serve, "127.0.0.1", 0)
        relay.port = server.sockets[0].getsockname()[1]
        yield relay
        server.close()
        for task in relay._tasks:
            task.cancel()
        await asyncio.gather(*relay._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._target)
        for source, target in ((reader, server_writer), (server_reader, writer)):
            self._tasks.add(asyncio.create_task(self._carry(source, target)))

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                await self.speaks.wait()
                target.write(data)
                await target.drain()
        except ConnectionError:
            return
        finally:
            target.close()


async def test_a_failing_transaction_leaves_nothing_behind(store: Store) -> None:
    stored = await store.graphs.add(GRAPH)
    run_id = new_run_id()
    await store.runs.add(run_id, stored.graph_id, "demo", RunTerms())
    with pytest.raises(Exception, match=r"(?i)unique"):
        await store.runs.add(run_id, stored.graph_id, "demo", RunTerms(), ("key", "sha256"))
    again = await store.runs.add(new_run_id(), stored.graph_id, "demo", RunTerms(), ("key", "sha256"))
    assert again.run_id != run_id


async def test_writes_that_fail_take_no_other_along(store: Store) -> None:
    graph = await store.graphs.add(GRAPH)
    taken = await store.runs.add(new_run_id(), graph.graph_id, "demo", RunTerms())
    good = [
        store.runs.add(new_run_id(), graph.graph_id, "demo", RunTerms(input=n), (f"key {n}", "sha256"))
        for n in range(20)
    ]
    bad = [
        store.runs.add(new_run_id(), "g_unknown", "demo", RunTerms()),
        store.runs.add(taken.run_id, graph.graph_id, "demo", RunTerms(), ("key", "sha256")),
        store.runs.add(new_run_id(), graph.graph_id, "demo", RunTerms(), ("key 0", "another")),
    ]
    first, *others = good
    answers = await asyncio.gather(first, bad[0], *others[:10], bad[1], *others[10:], bad[2], return_exceptions=True)
    made = [answer for answer in answers if isinstance(answer, Run)]
    assert len(made) == 20
    assert len(await store.runs.heads([run.run_id for run in made])) == 20
    assert (
        await store.runs.add(new_run_id(), graph.graph_id, "demo", RunTerms(), ("key", "sha256"))
    ).run_id != taken.run_id


async def test_callers_who_go_away_leave_nothing_locked(store: Store) -> None:
    for steps in range(60):
        await _go_away(works(store), steps)
    assert all(await asyncio.gather(*(works(store) for _ in range(20))))


async def test_callers_who_go_away_from_a_busy_process_lose_no_connection(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one, psycopg lets others go on where it otherwise never waits. What is lost is told when it is collected."""
    monkeypatch.setattr(psycopg.waiting, "MAX_BUSY_TIME", -1)
    for steps in range(60):
        assert await works(store)
        await _go_away(store.ping(), steps)
    gc.collect()


async def _go_away(call: Coroutine[Any, Any, object], steps: int) -> None:
    """While it is at one of its first steps."""
    task = asyncio.create_task(call)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
