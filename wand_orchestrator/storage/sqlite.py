"""SQLite: the engine for a database in one file, shared by the processes of one machine."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 1200
"""How long a writer waits for the writer of another process; below the deadline of a transaction."""

POOL_SIZE = 5

_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
)


def make_file(path: Path) -> None:
    """An empty file is an empty database. Engines never make one: a database that was removed is an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def sqlite_engine(path: Path) -> AsyncEngine:
    """An engine in which each statement is a transaction of its own."""
    engine = create_async_engine(_url("sqlite+aiosqlite", path), **_options(), pool_size=POOL_SIZE, max_overflow=0)
    _watch(engine.sync_engine, path)
    return engine


def sqlite_writing_engine(path: Path) -> Engine:
    """An engine with one connection, whose transactions take the write lock at once.

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
    """Drop connections to a file that was removed or replaced: they would write where nobody reads."""

    def refuse(connection: Any, record: ConnectionPoolEntry, proxy: Any) -> None:
        if record.info.get("inode") != _inode(path):
            raise DisconnectionError("the database file was removed or replaced")

    return refuse


def _inode(path: Path) -> int | None:
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return None
