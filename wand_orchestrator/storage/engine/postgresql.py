"""PostgreSQL: the engine, through psycopg."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from wand_orchestrator.storage.engine.deadline import Deadline
from wand_orchestrator.storage.engine.url import PostgresqlUrl

T = TypeVar("T")

POOL_SIZE = 5
"""Connections of one process that read, at most, and as many that write."""

# A dead peer is noticed within 1.5 s where it can be (milliseconds); the deadline of a transaction covers the rest.
_CONNECT_ARGS = {"application_name": "wand", "connect_timeout": 2, "tcp_user_timeout": 1500}


def postgresql_engine(database: PostgresqlUrl) -> AsyncEngine:
    """Return an engine that tests a pooled connection before use; options in the URL override ours."""
    return _engine(database)


def postgresql_reading_engine(database: PostgresqlUrl) -> AsyncEngine:
    """Return an engine without transactions: a read is one statement and costs one round trip.

    A connection is made so, and not turned into one whenever it is used: SQLAlchemy would lose it if its user went away
    in that moment.
    """
    return _engine(database, autocommit=True)


def _engine(database: PostgresqlUrl, **connecting: Any) -> AsyncEngine:
    options = {name: value for name, value in _CONNECT_ARGS.items() if name not in database.url.query}
    return create_async_engine(
        database.url,
        connect_args=options | connecting,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
    )


class PostgresqlWriter:
    """Runs each write in its own transaction, several at once: PostgreSQL groups their commits itself."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._turns = asyncio.Semaphore(POOL_SIZE)

    async def write(self, work: Callable[[Connection], T], deadline: Deadline) -> T:
        """Run `work` in a transaction, and return its result once it is committed."""
        async with self._turns, self._engine.begin() as connection:
            deadline.begin()
            return await connection.run_sync(work)

    async def close(self) -> None:
        """Do nothing: the owner of the engine closes it."""
