"""The database: transactions with a deadline, and the one place where its failures become errors of Wand.

Each transaction runs in a task of its own, and its caller waits for that task no longer than the deadline. A driver
that is cancelled while its server is silent first tries, for seconds, to end the statement in good order; no caller
waits for that.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Executable, Row, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from wand_orchestrator.storage.engine.deadline import QUICK_SEC, Deadline, Pulse
from wand_orchestrator.storage.engine.failure import translate
from wand_orchestrator.storage.engine.migration import migrate
from wand_orchestrator.storage.engine.postgresql import PostgresqlWriter, postgresql_engine, postgresql_reading_engine
from wand_orchestrator.storage.engine.sqlite import (
    INCREMENTAL,
    give_back,
    make_file,
    sqlite_engine,
    sqlite_writing_engine,
)
from wand_orchestrator.storage.engine.sqlite_writer import SqliteWriter
from wand_orchestrator.storage.engine.url import DatabaseUrl, PostgresqlUrl, SqliteUrl, parse_database_url
from wand_orchestrator.storage.tables import Table

T = TypeVar("T")
Insert = sqlite.Insert | postgresql.Insert

MIGRATE_SEC = 600.0
CLOSE_SEC = 2.0
LEFT_FREE = 10
"""One page in so many may lie idle in a file."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Engines:
    """Holds the engines of one database: `readers` run each statement by itself, `plain` runs transactions where the
    two differ.
    """

    plain: AsyncEngine
    readers: AsyncEngine
    writer: SqliteWriter | PostgresqlWriter


class Database:
    """One database, bound to the event loop that uses it first; `close` ends its connections."""

    def __init__(self, url: DatabaseUrl) -> None:
        self._url = url
        self._password = url.password if isinstance(url, PostgresqlUrl) else None
        self._engines = _engines(url)
        self._pulse = Pulse()
        self._transactions: set[asyncio.Task[Any]] = set()

    @classmethod
    def open(cls, url: str) -> Self:
        """Return a Database that connects at the first use. Raises ConfigurationError for a URL that is neither SQLite
        nor PostgreSQL.
        """
        return cls(parse_database_url(url))

    async def close(self) -> None:
        for task in self._transactions:
            task.cancel()
        if self._transactions:
            await asyncio.wait(self._transactions, timeout=CLOSE_SEC)
        await self._engines.writer.close()
        await self._engines.readers.dispose()
        await self._engines.plain.dispose()

    async def migrate(self) -> None:
        """Bring the tables up to date; safe when several processes start at once."""
        await self._within(MIGRATE_SEC, self._make_file)
        await self.ping()
        await self._within(MIGRATE_SEC, self._migrate)

    async def ping(self) -> None:
        await self.rows(text("SELECT 1"))

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        """Return the rows of one reading statement."""

        async def read(deadline: Deadline) -> Sequence[Row[Any]]:
            async with self._engines.readers.connect() as connection:
                deadline.begin()
                return (await connection.execute(statement)).all()

        return await self._within(QUICK_SEC, read)

    async def row(self, statement: Executable) -> Row[Any] | None:
        rows = await self.rows(statement)
        return rows[0] if rows else None

    async def write(self, work: Callable[[Connection], T], *, seconds: float = QUICK_SEC) -> T:
        """Run `work` in a transaction, which may take `seconds`; what it wrote is undone if it raises.

        It must do nothing but read and write there: it may share the transaction with others, and be done anew.
        """
        return await self._within(seconds, lambda deadline: self._engines.writer.write(work, deadline))

    async def shrink(self, pages: int) -> bool:
        """Return at most `pages` pages of deleted rows to the file system; returns whether enough are left to go on.

        Some are left, as new rows will want them. PostgreSQL does it by itself.
        """
        if isinstance(self._url, PostgresqlUrl):
            return False
        mode, free, all = [
            (await self.rows(text(f"PRAGMA {name}")))[0][0] for name in ("auto_vacuum", "freelist_count", "page_count")
        ]
        if mode != INCREMENTAL or free * LEFT_FREE <= all:
            return False
        await self.write(lambda connection: give_back(connection, pages))
        await self.rows(text("PRAGMA wal_checkpoint(PASSIVE)"))  # the file itself is cut only now
        return bool((free - pages) * LEFT_FREE > all)

    def insert(self, table: type[Table]) -> Insert:
        """Return an INSERT that supports `on_conflict_do_nothing` and `on_conflict_do_update`."""
        return sqlite.insert(table) if isinstance(self._url, SqliteUrl) else postgresql.insert(table)

    @property
    def knows_frequencies(self) -> bool:
        """Return whether the planner of this database knows how many rows have a value; SQLite's does not."""
        return isinstance(self._url, PostgresqlUrl)

    async def _make_file(self, deadline: Deadline) -> None:
        if isinstance(self._url, SqliteUrl):
            await asyncio.to_thread(make_file, self._url.path)

    async def _migrate(self, deadline: Deadline) -> None:
        deadline.begin()
        await migrate(self._engines.plain)

    async def _within(self, seconds: float, work: Callable[[Deadline], Coroutine[Any, Any, T]]) -> T:
        deadline = Deadline(self._pulse, seconds)
        task = asyncio.create_task(work(deadline))
        self._transactions.add(task)
        task.add_done_callback(self._forget)
        try:
            with self._pulse.waiting():
                result = await _result(task, deadline)
        except Exception as error:
            meaning = translate(error, self._password)
            if meaning is None:
                raise
            raise meaning from error
        finally:
            task.cancel()
        self._pulse.beat()
        return result

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._transactions.discard(task)
        # Asked for here, or asyncio complains of an error that nobody waited for any longer.
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("a transaction failed: %s", error)


async def _result(task: asyncio.Task[T], deadline: Deadline) -> T:
    while not task.done():
        left = deadline.left()
        if left <= 0:
            raise TimeoutError
        await asyncio.wait({task}, timeout=left)
    return task.result()


def _engines(url: DatabaseUrl) -> _Engines:
    if isinstance(url, SqliteUrl):
        engine = sqlite_engine(url.path)
        return _Engines(plain=engine, readers=engine, writer=SqliteWriter(sqlite_writing_engine(url.path)))
    engine = postgresql_engine(url)
    return _Engines(plain=engine, readers=postgresql_reading_engine(url), writer=PostgresqlWriter(engine))
