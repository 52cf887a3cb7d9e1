"""SQLite: the engine for a database in one file, shared by the processes of one machine."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 1200
"""How long a writer waits for the writer of another process; below the deadline of a transaction."""

POOL_SIZE = 5

_WRITES = "wand_writes"
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
    """An engine in which a statement outside `writing` is a transaction of its own."""
    url = URL.create("sqlite+aiosqlite", database=path.as_uri(), query={"mode": "rw", "uri": "true"})
    engine = create_async_engine(
        url,
        connect_args={"isolation_level": None},
        pool_size=POOL_SIZE,
        max_overflow=0,
        # Every transaction is ended before its connection comes back; another ROLLBACK is another trip to its thread.
        pool_reset_on_return=None,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _prepare(path))
    event.listen(engine.sync_engine, "checkout", _refuse_replaced(path))
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def writing(engine: AsyncEngine) -> AsyncEngine:
    """The same engine and pool, whose transactions take the write lock at once.

    A transaction that reads first and then writes would fail if another wrote between: SQLite does not wait there.
    """
    return engine.execution_options(**{_WRITES: True})


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES):
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
