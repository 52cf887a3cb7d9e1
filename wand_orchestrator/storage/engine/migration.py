"""Migrations of the tables, run at start by every process that has the database."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from wand_orchestrator.errors import ConfigurationError

_SCRIPTS = Path(__file__).parents[1] / "migrations"

# The first eight bytes of sha256("wand-orchestrator migrations"): any number that nothing else locks.
_ADVISORY_LOCK = 0x50737D6FDD1E0CFA

# Long, for the other process may be rewriting a large table. Foreign keys are off since SQLite alters many things by
# making the table anew, which would delete what refers to its rows.
_SQLITE_LOCK = ("PRAGMA busy_timeout = 600000", "PRAGMA foreign_keys = OFF", "BEGIN EXCLUSIVE")


async def migrate(engine: AsyncEngine) -> None:
    """Upgrade to the newest version, one process at a time; without a lock when there is nothing to do."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    async with engine.connect() as connection:
        if await connection.run_sync(_is_current, config):
            return
    async with engine.connect() as connection:
        await _lock(connection)
        await connection.run_sync(_upgrade, config)
        await connection.commit()
        # The lock's PRAGMAs would stay with it.
        await connection.invalidate()


async def _lock(connection: AsyncConnection) -> None:
    """Begin the transaction that all migrations run in; other processes wait here until it ends."""
    if connection.dialect.name == "sqlite":
        for statement in _SQLITE_LOCK:
            await connection.exec_driver_sql(statement)
    else:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def _is_current(connection: Connection, config: Config) -> bool:
    heads = set(ScriptDirectory.from_config(config).get_heads())
    return set(MigrationContext.configure(connection).get_current_heads()) == heads


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise ConfigurationError(f"the database was written by another version of Wand: {error}") from error
