"""Writes the archive: events of a run's journal and the run's row, in one transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, and_, bindparam, case, func, select, update
from sqlmodel import col

from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.run import (
    Archive,
)
from wand_orchestrator.contract.state import RunState, RunStatus, fold
from wand_orchestrator.storage import json_text
from wand_orchestrator.storage.deletions import refuse_deleted
from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.engine.deadline import BULK_SEC
from wand_orchestrator.storage.node_value_rows import NodeValueRows, StoredNode
from wand_orchestrator.storage.questions import Questions
from wand_orchestrator.storage.run_records import new_run, row_of
from wand_orchestrator.storage.tables import EventRow, GraphRow, RunRow
from wand_orchestrator.storage.tag_rows import insert_tags
from wand_orchestrator.storage.usage_rows import UsageRows

_OPEN = tuple(status for status in RunStatus if not status.ended)


_ROW = RunRow.metadata.tables["runs"].c


def _new(name: str) -> BindParameter[Any]:
    return bindparam(f"new_{name}", type_=_ROW[name].type)


_TOLD = ("progress", "last_seq", "started_at", "finished_at", "error", "result")

# A cancel is in the row as soon as it is asked for, and what the run did before it heard of that comes later.
_STATUS = case(
    (
        and_(_ROW.status == RunStatus.CANCELLING, _new("status").in_(_OPEN)),
        _ROW.status,
    ),
    else_=func.coalesce(_new("status"), _ROW.status),
)

# Built once: building it costs more than carrying it out. It finds no row if the run ended, or if a later archive came
# before.
_ADVANCE = (
    update(RunRow)
    .where(col(RunRow.id) == bindparam("run_id"))
    .where(col(RunRow.status).in_(_OPEN), col(RunRow.last_seq) < _new("last_seq"))
    .values({"status": _STATUS} | {name: func.coalesce(_new(name), _ROW[name]) for name in _TOLD})
)


class EventArchive:
    def __init__(self, database: Database, values: NodeValueRows) -> None:
        self._database = database
        self._values = values
        self._usage = UsageRows(database)
        self._questions = Questions(database)
        self._insert = database.insert(EventRow).on_conflict_do_nothing(index_elements=["run_id", "seq"])

    async def append(self, archive: Archive, nodes: Sequence[StoredNode] = ()) -> None:
        """Store what is not yet stored, and the values of nodes with it; the same archive again changes nothing, and a
        run that ended stays ended.

        Raises NotFound for a run that was deleted.
        """
        if not archive.events:
            return
        told = _told(archive)
        events = [_row(archive.run_id, event) for event in archive.events]

        def append(connection: Connection) -> None:
            advanced = connection.execute(_ADVANCE, told).rowcount
            if not advanced and self._ensure_run(connection, archive):
                advanced = connection.execute(_ADVANCE, told).rowcount
            connection.execute(self._insert, events)
            self._usage.insert(connection, archive)
            if advanced:  # an attempt that comes late must not ask again what was answered since
                self._questions.follow(connection, archive)
            if nodes:
                self._values.put_in(connection, nodes)

        await self._database.write(append, seconds=BULK_SEC)

    def _ensure_run(self, connection: Connection, archive: Archive) -> bool:
        """Insert the run's row if it has none, as when the `temporal` CLI started it; return whether it had none."""
        known_graph = select(col(GraphRow.id)).where(col(GraphRow.id) == archive.graph_id).scalar_subquery()
        terms, began = archive.terms_known, archive.events[0].ts
        run = new_run(archive.run_id, None, archive.name, RunStatus.RUNNING, terms, json_text.encode(terms.input))
        row = row_of(run) | {"graph_id": known_graph, "part_of": archive.part_of}
        row |= {"created_at": began, "started_at": None}
        insert = self._database.insert(RunRow).values(**row).on_conflict_do_nothing(index_elements=["id"])
        if connection.execute(insert.returning(col(RunRow.id))).first() is None:
            return False
        refuse_deleted(connection, archive.run_id, archive.part_of)
        if archive.part_of is None:  # a child run is not found by tags
            insert_tags(connection, archive.run_id, terms.tags, began)
        return True


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


def _told(archive: Archive) -> dict[str, Any]:
    """Return the columns of the run's row that the archive sets; None leaves a column as it is."""
    state = RunState()
    for event in archive.events:
        fold(state, event)
    return {
        "run_id": archive.run_id,
        "new_status": None if state.status is RunStatus.PENDING else state.status,
        "new_progress": state.progress or None,
        "new_last_seq": state.last_seq,
        "new_started_at": state.started_at,
        "new_finished_at": state.finished_at,
        "new_error": None if state.error is None else state.error.model_dump_json(),
        "new_result": None if archive.result is None else archive.result.model_dump_json(),
    }
