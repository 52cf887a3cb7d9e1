"""SQLite: the engine for a database in one file, shared by the processes of one machine."""

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from wand_orchestrator.storage.engine.failure import DatabaseBroken, is_broken

BUSY_TIMEOUT_MS = 1200
"""How long a writer waits for the writer of another process; below the deadline of a transaction."""

POOL_SIZE = 5

INCREMENTAL = 2

_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
)


CONVERTED_BYTES = 1024**3
"""A larger file is not written anew at a start, which would take minutes."""

log = logging.getLogger(__name__)


def make_file(path: Path) -> None:
    """Create the database as an empty file. Engines never create it, so that a removed database is an error.

    Only whoever runs Wand may read it. Raises DatabaseBroken for a file that is damaged, or no database.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
            _require_whole(connection)
            _have_it_shrink(connection, path)
    except sqlite3.DatabaseError as error:
        if is_broken(error):
            raise _broken(path, str(error)) from error
        log.debug("%s: %s", path, error)  # another process writes: whoever connects next waits for it


def give_back(connection: Connection, pages: int) -> None:
    """Cut at most `pages` unused pages off the file, in the transaction of `connection`.

    One by one: SQLite goes on to the next page when the statement is asked for its next row, and Python's module asks
    for none, as the statement has no columns.
    """
    raw = connection.connection.dbapi_connection
    if raw is not None:
        cursor = raw.cursor()
        for _ in range(pages):
            cursor.execute("PRAGMA incremental_vacuum(1)")


def _require_whole(connection: sqlite3.Connection) -> None:
    """Raise DatabaseBroken if the schema cannot be read. Checking all pages of a large file would take minutes."""
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()


def _have_it_shrink(connection: sqlite3.Connection, path: Path) -> None:
    """Enable incremental vacuum, which a file supports only if it was created with it or rewritten since."""
    if connection.execute("PRAGMA auto_vacuum").fetchone() == (INCREMENTAL,):
        return
    if path.stat().st_size > CONVERTED_BYTES:
        log.warning(
            "%s does not shrink when something is deleted; while no wand runs, write it anew: "
            "sqlite3 %s 'PRAGMA auto_vacuum = INCREMENTAL; VACUUM'",
            path,
            path,
        )
        return
    connection.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
    connection.execute("VACUUM")


def _broken(path: Path, reason: str) -> DatabaseBroken:
    return DatabaseBroken(
        f"the database {path} cannot be read ({reason}): restore a copy of it, or move the file and those beside it "
        f"that begin with its name away, and Wand begins anew; `sqlite3 {path} .recover` may save what it holds"
    )


def sqlite_engine(path: Path) -> AsyncEngine:
    """Return an engine in which each statement is a transaction of its own."""
    engine = create_async_engine(_url("sqlite+aiosqlite", path), **_options(), pool_size=POOL_SIZE, max_overflow=0)
    _watch(engine.sync_engine, path)
    return engine


def sqlite_writing_engine(path: Path) -> Engine:
    """Return an engine with one connection, whose transactions take the write lock when they begin.

    A transaction that reads first and then writes would fail if another wrote between: SQLite does not wait there.
    """
    engine = create_engine(_url("sqlite+pysqlite", path), **_options(check_same_thread=False), pool_size=1)
    _watch(engine, path)
    event.listen(engine, "begin", _begin)
    return engine


def _url(driver: str, path: Path) -> URL:
    return URL.create(driver, database=path.as_uri(), query={"mode": "rw", "uri": "true"})


def _options(**connecting: Any) -> dict[str, Any]:
    return {
        "connect_args": {"isolation_level": None, **connecting},
        # Every transaction is ended before its connection comes back; another ROLLBACK is another trip to its thread.
        "pool_reset_on_return": None,
        "hide_parameters": True,
    }


def _watch(engine: Engine, path: Path) -> None:
    event.listen(engine, "connect", _prepare(path))
    event.listen(engine, "checkout", _refuse_replaced(path))


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _prepare(path: Path) -> Any:
    def prepare(connection: Any, record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()
        record.info["inode"] = _inode(path)

    return prepare


def _refuse_replaced(path: Path) -> Any:
    """Drop connections to a file that was removed or replaced: what they write would be lost."""

    def refuse(connection: Any, record: ConnectionPoolEntry, proxy: Any) -> None:
        if record.info.get("inode") != _inode(path):
            raise DisconnectionError("the database file was removed or replaced")

    return refuse


def _inode(path: Path) -> int | None:
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return None
