"""The archive: what a run's journal hands over, events and the run's row in one transaction."""

from typing import Any

from sqlalchemy import Update, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from wand_orchestrator.contract import Archive
from wand_orchestrator.events import Event
from wand_orchestrator.state import RunState, RunStatus, fold
from wand_orchestrator.storage.database import Database
from wand_orchestrator.storage.deadline import BULK_SEC
from wand_orchestrator.storage.deletions import refuse_deleted
from wand_orchestrator.storage.tables import EventRow, GraphRow, RunRow
from wand_orchestrator.storage.tags import encode_tags, insert_tags

_OPEN = tuple(status for status in RunStatus if not status.ended)


class EventArchive:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, archive: Archive) -> None:
        """Store what is not yet stored; the same archive again changes nothing, and a run that ended stays ended.

        Raises NotFound for a run that was deleted.
        """
        if not archive.events:
            return

        async def append(connection: AsyncConnection) -> None:
            await self._ensure_run(connection, archive)
            await self._insert_events(connection, archive)
            await connection.execute(_advance(archive))

        await self._database.write(append, seconds=BULK_SEC)

    async def _ensure_run(self, connection: AsyncConnection, archive: Archive) -> None:
        """A run that was started past the API, from the `temporal` CLI, has no row before its first archive."""
        known_graph = select(col(GraphRow.id)).where(col(GraphRow.id) == archive.graph_id).scalar_subquery()
        row = {
            "id": archive.run_id,
            "graph_id": known_graph,
            "name": archive.name,
            "status": RunStatus.RUNNING,
            "progress": 0,
            "last_seq": 0,
            "input": "null",
            "part_of": archive.part_of,
            "tags": encode_tags(archive.tags),
            "created_at": archive.events[0].ts,
        }
        insert = self._database.insert(RunRow).values(**row).on_conflict_do_nothing(index_elements=["id"])
        if (await connection.execute(insert.returning(col(RunRow.id)))).first() is not None:
            await refuse_deleted(connection, archive.run_id, archive.part_of)
            if archive.part_of is None:  # a child run is not found by tags
                await insert_tags(connection, archive.run_id, archive.tags, archive.events[0].ts)

    async def _insert_events(self, connection: AsyncConnection, archive: Archive) -> None:
        insert = self._database.insert(EventRow).on_conflict_do_nothing(index_elements=["run_id", "seq"])
        await connection.execute(insert, [_row(archive.run_id, event) for event in archive.events])


def _row(run_id: str, event: Event) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "seq": event.seq,
        "ts": event.ts,
        "type": event.type.value,
        "level": event.level,
        "node": event.node,
        "body": event.model_dump_json(),
    }


def _advance(archive: Archive) -> Update:
    """The UPDATE of the run's row; it finds no row if the run ended or if a later archive came before."""
    state = RunState()
    for event in archive.events:
        fold(state, event)
    known = {
        "status": None if state.status is RunStatus.PENDING else state.status,
        "progress": state.progress or None,
        "started_at": state.started_at,
        "finished_at": state.finished_at,
        "error": None if state.error is None else state.error.model_dump_json(),
        "result": None if archive.result is None else archive.result.model_dump_json(),
    }
    said = {name: value for name, value in known.items() if value is not None}
    return (
        update(RunRow)
        .where(col(RunRow.id) == archive.run_id)
        .where(col(RunRow.status).in_(_OPEN), col(RunRow.last_seq) < state.last_seq)
        .values(**said, last_seq=state.last_seq)
    )
