"""Deleted runs: their rows go from the database at once, and their ids stay recorded until nothing can recreate them.

What lies elsewhere is removed after that, which a crash may put off: so a deletion is an outbox, too. While it stands
here the run is not to be found, whatever Temporal still knows of it, and nothing more is archived of it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, Executable, delete, select, update
from sqlmodel import col

from wand_orchestrator.contract.ids import RunId
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.errors import Conflict, NotFound
from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.engine.deadline import BULK_SEC
from wand_orchestrator.storage.page import Columns
from wand_orchestrator.storage.tables import DeletionRow, NodeValueRow, RunRow

INSERT_BATCH = 1000


class Deletions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, run_id: str) -> None:
        """Delete the run and the child runs in it, with events, values of nodes, tags and keys, in one transaction.

        Raises NotFound for one that is deleted already.
        """

        def add(connection: Connection) -> None:
            if not self._insert(connection, [run_id]):
                raise deleted(run_id)
            parts = delete(RunRow).where(col(RunRow.part_of) == run_id).returning(col(RunRow.id))
            children = [row.id for row in connection.execute(parts)]
            connection.execute(delete(RunRow).where(col(RunRow.id) == run_id))
            connection.execute(delete(NodeValueRow).where(col(NodeValueRow.root) == run_id))
            for start in range(0, len(children), INSERT_BATCH):
                self._insert(connection, children[start : start + INSERT_BATCH])

        await self._database.write(add, seconds=BULK_SEC)

    async def refuse(self, run_id: str) -> None:
        """Raise NotFound for a run that was deleted."""
        if await self._database.row(deletion_of([run_id])) is not None:
            raise deleted(run_id)

    async def to_clean(self, limit: int) -> Sequence[RunId]:
        """Return deleted runs that may still have files or histories elsewhere, the oldest deletion first."""
        statement = (
            select(col(DeletionRow.run_id))
            .where(col(DeletionRow.cleaned_at).is_(None))
            .order_by(col(DeletionRow.deleted_at))
            .limit(limit)
        )
        return [RunId(row.run_id) for row in await self._database.rows(statement)]

    async def cleaned(self, run_id: str) -> None:
        """Record that nothing is left of the run but its deletion."""
        await self._write(
            update(DeletionRow).where(col(DeletionRow.run_id) == run_id).values(cleaned_at=datetime.now(UTC))
        )

    async def settled(self, cleaned_before: datetime, limit: int) -> Sequence[RunId]:
        """Return the deleted runs that were cleaned before that moment."""
        statement = select(col(DeletionRow.run_id)).where(col(DeletionRow.cleaned_at) < cleaned_before).limit(limit)
        return [RunId(row.run_id) for row in await self._database.rows(statement)]

    async def forget(self, run_id: str) -> None:
        """Remove the deletion itself: from then on, a late write recreates the run."""
        await self._write(delete(DeletionRow).where(col(DeletionRow.run_id) == run_id))

    def _insert(self, connection: Connection, run_ids: Sequence[str]) -> int:
        """Insert the deletions; return how many of the runs were not deleted already."""
        now = datetime.now(UTC)
        rows = [{"run_id": run_id, "deleted_at": now} for run_id in run_ids]
        insert = self._database.insert(DeletionRow).values(rows).on_conflict_do_nothing(index_elements=["run_id"])
        return len(connection.execute(insert.returning(col(DeletionRow.run_id))).all())

    async def _write(self, statement: Executable) -> None:
        def write(connection: Connection) -> None:
            connection.execute(statement)

        await self._database.write(write)


def refuse_deleted(connection: Connection, run_id: str, part_of: str | None = None) -> None:
    """Raise NotFound if the run was deleted. Call it after inserting a row of the run: by then, a deletion of an
    earlier row has committed.

    Raises NotFound if the run, or the one that it is a part of, was deleted.
    """
    run_ids = [run_id] if part_of is None else [run_id, part_of]
    if connection.execute(deletion_of(run_ids)).first() is not None:
        raise deleted(run_id)


def deletion_of(run_ids: Sequence[str]) -> Columns:
    """Return a statement that selects a row if one of these runs was deleted."""
    return select(col(DeletionRow.run_id)).where(col(DeletionRow.run_id).in_(run_ids)).limit(1)


def part_of_another(root: str) -> Conflict:
    return Conflict(f"the run is a part of {root}, and goes with it", code="run_is_part")


def not_ended(status: RunStatus) -> Conflict:
    return Conflict(f"the run is {status}: cancel it first, and delete it when it has ended", code="run_open")


def deleted(run_id: str) -> NotFound:
    return NotFound(f"the run {run_id} was deleted", code="run_not_found")
