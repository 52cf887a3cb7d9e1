"""PostgreSQL: the engine, through psycopg."""

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from wand_orchestrator.storage.url import PostgresqlUrl

POOL_SIZE = 10
"""Connections of one process, at most."""

# A dead peer is noticed within 1.5 s where it can be (milliseconds); the deadline of a transaction covers the rest.
_CONNECT_ARGS = {"application_name": "wand", "connect_timeout": 2, "tcp_user_timeout": 1500}


def postgresql_engine(database: PostgresqlUrl) -> AsyncEngine:
    """An engine that tries a pooled connection before it is used; options in the URL win over ours."""
    options = {name: value for name, value in _CONNECT_ARGS.items() if name not in database.url.query}
    return create_async_engine(
        database.url,
        connect_args=options,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
    )


def reading(engine: AsyncEngine) -> AsyncEngine:
    """The same engine and pool without transactions: a read is one statement, and costs one round trip."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")
