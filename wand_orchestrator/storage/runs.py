"""Runs as stored: a row is there before its workflow starts (an outbox), and follows what the archive says later."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlmodel import col

from wand_orchestrator.contract.ids import RunId
from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.storage import json_text
from wand_orchestrator.storage.deletions import deleted, deletion_of, refuse_deleted
from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.engine.weight import worked_off
from wand_orchestrator.storage.graphs import refuse_deleted_graph
from wand_orchestrator.storage.idempotency import Idempotency, claim
from wand_orchestrator.storage.page import Page, newest_first, page_of
from wand_orchestrator.storage.run_records import HEADS, RUNS, Run, RunHead, head_of, new_run, row_of, run_of
from wand_orchestrator.storage.selection import Selection
from wand_orchestrator.storage.tables import STARTED, RunRow
from wand_orchestrator.storage.tag_rows import insert_tags
from wand_orchestrator.storage.utc_date_time import UtcDateTime

_ENDED = tuple(status for status in RunStatus if status.ended)
_BEGUN = tuple(status for status in RunStatus if not status.ended and status is not RunStatus.PENDING)

_CANCELLING = (
    update(RunRow)
    .where(col(RunRow.id) == bindparam("run_id"), col(RunRow.status).not_in((*_ENDED, RunStatus.CANCELLING)))
    .values(
        status=RunStatus.CANCELLING,
        started_at=func.coalesce(col(RunRow.started_at), bindparam("now", type_=UtcDateTime)),
    )
)

_INSERT = insert(RunRow)
_CONFIRM = (
    update(RunRow)
    .where(col(RunRow.id) == bindparam("run_id"), col(RunRow.status) == RunStatus.PENDING)
    .values(
        status=RunStatus.RUNNING, started_at=func.coalesce(col(RunRow.started_at), bindparam("now", type_=UtcDateTime))
    )
)


class Runs:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        run_id: str,
        graph_id: str,
        name: str,
        terms: RunTerms,
        idempotency: Idempotency | tuple[str, str] | None = None,
    ) -> Run:
        """Store a `pending` run, or return the run that the same idempotency key and body created before.

        Raises Conflict (`idempotency_key_reused`) for a key that came with another body, NotFound for a graph that was
        deleted.
        """
        new = new_run(run_id, graph_id, name, RunStatus.PENDING, terms, await _input_json(terms))
        row = row_of(new)

        def claim_and_insert(connection: Connection) -> Run:
            if idempotency is not None:
                made = claim(self._database, connection, Idempotency(*idempotency), run_id, new.created_at)
                if made != run_id:
                    return run_of(connection.execute(RUNS.where(col(RunRow.id) == made)).one())
            if terms.retry_of is None:  # a retry goes on with the graph that its run had
                refuse_deleted_graph(connection, graph_id)
            connection.execute(_INSERT, row)
            insert_tags(connection, run_id, terms.tags, new.created_at)
            return new

        return await self._database.write(claim_and_insert)

    async def begin(self, run_id: str, graph_id: str | None, name: str, terms: RunTerms) -> Run:
        """Store a `running` run that was not started through the API; return the row that exists already, unchanged.

        Raises NotFound for a run that was deleted.
        """
        run = new_run(run_id, graph_id, name, RunStatus.RUNNING, terms, await _input_json(terms))
        new = self._database.insert(RunRow).values(**row_of(run)).on_conflict_do_nothing(index_elements=["id"])

        def insert_or_find(connection: Connection) -> Run:
            if connection.execute(new.returning(col(RunRow.id))).first() is not None:
                refuse_deleted(connection, run_id)
                insert_tags(connection, run_id, terms.tags, run.created_at)
            return run_of(connection.execute(RUNS.where(col(RunRow.id) == run_id)).one())

        return await self._database.write(insert_or_find)

    async def heads(self, run_ids: Iterable[str]) -> dict[str, RunHead]:
        """Return the stored ones of these runs, by id."""
        rows = await self._database.rows(HEADS.where(col(RunRow.id).in_(list(run_ids))))
        return {row.id: head_of(row) for row in rows}

    async def retries_of(self, run_id: str, limit: int) -> Sequence[RunId]:
        """Return the runs that retry this one, the newest first."""
        statement = (
            select(col(RunRow.id))
            .where(col(RunRow.retried_run) == run_id)
            .order_by(col(RunRow.created_at).desc(), col(RunRow.id).desc())
            .limit(limit)
        )
        return [RunId(row.id) for row in await self._database.rows(statement)]

    async def confirm_started(self, run_ids: Iterable[str]) -> None:
        """Record that the workflows of these runs exist; a run that is past `pending` stays as it is."""
        now = datetime.now(UTC)
        started = [{"run_id": run_id, "now": now} for run_id in run_ids]

        def confirm(connection: Connection) -> None:
            connection.execute(_CONFIRM, started)

        if started:
            await self._database.write(confirm)

    async def note_cancelling(self, run_id: str) -> None:
        """Record that the run, which has started, was asked to cancel; one that has ended stays as it is."""
        asked = {"run_id": run_id, "now": datetime.now(UTC)}

        def note(connection: Connection) -> None:
            connection.execute(_CANCELLING, asked)

        await self._database.write(note)

    async def pending(self, older_than_sec: float, limit: int) -> Sequence[RunId]:
        """Return the runs whose workflows are yet to be started, oldest first."""
        statement = (
            select(col(RunRow.id))
            .where(col(RunRow.status) == RunStatus.PENDING, STARTED)
            .where(col(RunRow.created_at) <= datetime.now(UTC) - timedelta(seconds=older_than_sec))
            .order_by(col(RunRow.created_at), col(RunRow.id))
            .limit(limit)
        )
        return [RunId(row.id) for row in await self._database.rows(statement)]

    async def open_since(self, started_before: datetime, after: str, limit: int) -> Sequence[RunId]:
        """Runs that had begun by then and have not ended, child runs too: in the order of their ids, those after
        `after`."""
        statement = (
            select(col(RunRow.id))
            .where(col(RunRow.status).in_(_BEGUN), col(RunRow.started_at) < started_before, col(RunRow.id) > after)
            .order_by(col(RunRow.id))
            .limit(limit)
        )
        return [RunId(row.id) for row in await self._database.rows(statement)]

    async def ended_before(self, moment: datetime, limit: int) -> Sequence[RunId]:
        """Runs that had ended by then, but for those that are a part of another one, which goes first; oldest first."""
        statement = (
            select(col(RunRow.id))
            .where(col(RunRow.created_at) < moment, col(RunRow.finished_at) < moment, col(RunRow.part_of).is_(None))
            .where(col(RunRow.status).in_(_ENDED))
            .order_by(col(RunRow.created_at))
            .limit(limit)
        )
        return [RunId(row.id) for row in await self._database.rows(statement)]

    async def get(self, run_id: str) -> Run | None:
        """Return the run; None if nothing was written of it yet. Raises NotFound for a deleted run."""
        row = await self._database.row(RUNS.where(col(RunRow.id) == run_id))
        if row is None and await self._database.row(deletion_of([run_id])) is not None:
            raise deleted(run_id)
        return None if row is None else run_of(row)

    async def page(
        self,
        cursor: str | None,
        limit: int,
        *,
        status: RunStatus | Sequence[RunStatus] = (),
        graph_id: str | None = None,
        name: str | None = None,
        tags: Sequence[str] = (),
        part_of: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
    ) -> Page[RunHead]:
        """Return `limit` runs of a Selection, newest first, from `cursor` on."""
        statuses = (status,) if isinstance(status, RunStatus) else status
        selection = Selection(statuses, graph_id, name, tags, part_of, created_after, created_before)
        counting = None if self._database.knows_frequencies else selection.counts()
        counts = None if counting is None else tuple(await self._database.row(counting) or ())
        if counts and min(counts) == 0:
            return Page((), None)
        statement, created_at, id = selection.applied(HEADS, counts)
        statement = newest_first(statement, created_at, id, cursor, limit)
        return page_of(await self._database.rows(statement), limit, head_of)


async def _input_json(terms: RunTerms) -> str:
    return await worked_off(terms.input, lambda: json_text.encode(terms.input))
