"""Secrets that Wand makes for itself, one for all processes over a database."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection, select
from sqlmodel import col

from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.tables import SecretRow


class SecretRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str, make: Callable[[], str]) -> str:
        """Return the secret of this name. The first caller of all processes makes it, and the others get the same."""
        stored = select(col(SecretRow.value)).where(col(SecretRow.name) == name)
        if (row := await self._database.row(stored)) is not None:
            return str(row.value)
        fresh = {"name": name, "value": make(), "created_at": datetime.now(UTC)}
        insert = self._database.insert(SecretRow).values(**fresh).on_conflict_do_nothing(index_elements=["name"])

        def keep(connection: Connection) -> str:
            connection.execute(insert)
            return str(connection.execute(stored).scalar_one())

        return await self._database.write(keep)
