"""Records the namespaces of Temporal that runs of this database were in, each with the time when it was first seen."""

from datetime import UTC, datetime

from sqlalchemy import Connection, func, select
from sqlmodel import col

from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.tables import NamespaceRow


class Namespaces:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def first_seen(self, namespace_id: str, began: datetime) -> datetime:
        """Return when the namespace was first seen, and record it. `began`: when the caller may have started its first
        run.
        """
        seen = select(col(NamespaceRow.seen_at)).where(col(NamespaceRow.id) == namespace_id)
        if (row := await self._database.row(seen)) is not None:
            first: datetime = row.seen_at
            return first

        def note(connection: Connection) -> datetime:
            others = connection.execute(select(func.count()).select_from(NamespaceRow)).scalar_one()
            row = {"id": namespace_id, "seen_at": datetime.now(UTC) if others else began}
            connection.execute(
                self._database.insert(NamespaceRow).values(**row).on_conflict_do_nothing(index_elements=["id"])
            )
            return connection.execute(seen).scalar_one()

        return await self._database.write(note)
