"""Triggers of schedules: each reserves a run id that was never used, in whichever process it arrives."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, select
from sqlmodel import col

from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.tables import DeletionRow, RunRow, TriggerRow

KEPT = timedelta(hours=1)
"""By then the moment in the id is long past, and no other trigger would take it."""


class TriggerRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, run_ids: Sequence[str]) -> str | None:
        """Reserve and return the first of these ids that no run or trigger has used lately; None if all are taken."""
        now = datetime.now(UTC)

        def reserve(connection: Connection) -> str | None:
            taken: set[str] = set()
            connection.execute(delete(TriggerRow).where(col(TriggerRow.created_at) < now - KEPT))
            for column in (col(RunRow.id), col(DeletionRow.run_id)):
                taken.update(connection.execute(select(column).where(column.in_(run_ids))).scalars())
            for run_id in run_ids:
                if run_id not in taken and self._insert(connection, run_id, now):
                    return run_id
            return None

        return await self._database.write(reserve)

    def _insert(self, connection: Connection, run_id: str, now: datetime) -> bool:
        row = {"run_id": run_id, "created_at": now}
        insert = self._database.insert(TriggerRow).values(**row).on_conflict_do_nothing(index_elements=["run_id"])
        return connection.execute(insert.returning(col(TriggerRow.run_id))).first() is not None
