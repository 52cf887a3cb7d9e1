"""Which links have been used, so that each answers once, whichever process it is sent to."""

from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlmodel import col

from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.tables import LinkUseRow


class LinkUses:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, id: str, expires_at: datetime) -> bool:
        """Record that the link is used. Return False if it was before; of several callers at once, one gets True."""
        row = {"id": id, "used_at": datetime.now(UTC), "expires_at": expires_at}
        insert = self._database.insert(LinkUseRow).values(**row).on_conflict_do_nothing(index_elements=["id"])
        statement = insert.returning(col(LinkUseRow.id))
        return await self._database.write(lambda connection: connection.execute(statement).first() is not None)

    async def release(self, id: str) -> None:
        """Let the link be used again, as its answer was refused."""
        statement = delete(LinkUseRow).where(col(LinkUseRow.id) == id)
        await self._database.write(lambda connection: connection.execute(statement))

    async def is_used(self, id: str) -> bool:
        return await self._database.row(select(col(LinkUseRow.id)).where(col(LinkUseRow.id) == id)) is not None

    async def forget(self, now: datetime) -> None:
        """Delete what is known of links that had expired by then: their expiry refuses them."""
        statement = delete(LinkUseRow).where(col(LinkUseRow.expires_at) < now)
        await self._database.write(lambda connection: connection.execute(statement))
