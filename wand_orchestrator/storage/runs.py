"""Runs as stored: a row is there before its workflow starts (an outbox), and follows what the archive says later."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update
from sqlalchemy.orm import Mapped
from sqlmodel import col

from wand_orchestrator.contract import RetryOf, RunResult
from wand_orchestrator.ids import GraphId, RunId
from wand_orchestrator.state import Failure, RunStatus
from wand_orchestrator.storage import json_text
from wand_orchestrator.storage.database import Database
from wand_orchestrator.storage.deletions import deleted, deletion_of, refuse_deleted
from wand_orchestrator.storage.idempotency import Idempotency, claim
from wand_orchestrator.storage.page import Columns, Page, newest_first, page_of
from wand_orchestrator.storage.selection import Selection
from wand_orchestrator.storage.tables import STARTED, RunRow, UtcDateTime
from wand_orchestrator.storage.tags import decode_tags, encode_tags, insert_tags
from wand_orchestrator.webhook import Webhook

_ENDED = tuple(status for status in RunStatus if status.ended)
_BEGUN = tuple(status for status in RunStatus if not status.ended and status is not RunStatus.PENDING)

_HEAD: tuple[Mapped[Any], ...] = (
    col(RunRow.id),
    col(RunRow.graph_id),
    col(RunRow.name),
    col(RunRow.status),
    col(RunRow.progress),
    col(RunRow.last_seq),
    col(RunRow.created_at),
    col(RunRow.started_at),
    col(RunRow.finished_at),
    col(RunRow.error),
    col(RunRow.retry_of),
    col(RunRow.part_of),
    col(RunRow.tags),
)
# Built once: building them costs as much as asking SQLite.
_HEADS: Columns = select(*_HEAD)
_RUNS: Columns = select(*_HEAD, col(RunRow.input), col(RunRow.result), col(RunRow.webhook))
_INSERT = insert(RunRow)
_CONFIRM = (
    update(RunRow)
    .where(col(RunRow.id) == bindparam("run_id"), col(RunRow.status) == RunStatus.PENDING)
    .values(
        status=RunStatus.RUNNING, started_at=func.coalesce(col(RunRow.started_at), bindparam("now", type_=UtcDateTime))
    )
)


@dataclass(frozen=True)
class RunHead:
    """A run as lists show it, without input and result.

    What changes while it runs is as of the last flush of its journal; moments are UTC. `started_at` is the moment of
    confirmation until the journal tells the true one.
    """

    run_id: RunId
    graph_id: GraphId | None
    name: str
    status: RunStatus
    progress: int
    last_seq: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: Failure | None
    retry_of: RetryOf | None
    part_of: RunId | None
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Run(RunHead):
    input: Any
    result: RunResult | None
    webhook: Webhook | None


class Runs:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        run_id: str,
        graph_id: str,
        name: str,
        input: Any,
        idempotency: Idempotency | tuple[str, str] | None = None,
        *,
        retry_of: RetryOf | None = None,
        tags: Sequence[str] = (),
        webhook: Webhook | None = None,
    ) -> Run:
        """Store a `pending` run; or give the run that the same idempotency key and body made before.

        Raises Conflict (`idempotency_key_reused`) for a key that came with another body.
        """
        new = Run(
            run_id=RunId(run_id),
            graph_id=GraphId(graph_id),
            name=name,
            status=RunStatus.PENDING,
            progress=0,
            last_seq=0,
            created_at=datetime.now(UTC),
            started_at=None,
            finished_at=None,
            error=None,
            retry_of=retry_of,
            part_of=None,
            tags=tuple(tags),
            input=input,
            result=None,
            webhook=webhook,
        )
        row = _row(new)

        def claim_and_insert(connection: Connection) -> Run:
            if idempotency is not None:
                made = claim(self._database, connection, Idempotency(*idempotency), run_id, new.created_at)
                if made != run_id:
                    return _run(connection.execute(_RUNS.where(col(RunRow.id) == made)).one())
            connection.execute(_INSERT, row)
            insert_tags(connection, run_id, new.tags, new.created_at)
            return new

        return await self._database.write(claim_and_insert)

    async def begin(
        self,
        run_id: str,
        graph_id: str,
        name: str,
        input: Any,
        tags: Sequence[str] = (),
        webhook: Webhook | None = None,
        retry_of: RetryOf | None = None,
    ) -> Run:
        """Store a `running` run that was started past the API; the row that is there already stays and is given.

        Raises NotFound for a run that was deleted.
        """
        now = datetime.now(UTC)
        row = {
            "id": run_id,
            "graph_id": graph_id,
            "name": name,
            "status": RunStatus.RUNNING,
            "progress": 0,
            "last_seq": 0,
            "created_at": now,
            "started_at": now,
            "input": json_text.encode(input),
            "tags": encode_tags(tags),
            "webhook": _webhook_text(webhook),
            "retry_of": None if retry_of is None else retry_of.model_dump_json(by_alias=True),
        }
        new = self._database.insert(RunRow).values(**row).on_conflict_do_nothing(index_elements=["id"])

        def insert_or_find(connection: Connection) -> Run:
            if connection.execute(new.returning(col(RunRow.id))).first() is not None:
                refuse_deleted(connection, run_id)
                insert_tags(connection, run_id, tags, now)
            return _run(connection.execute(_RUNS.where(col(RunRow.id) == run_id)).one())

        return await self._database.write(insert_or_find)

    async def heads(self, run_ids: Iterable[str]) -> dict[str, RunHead]:
        """By id, those of these runs that are stored."""
        rows = await self._database.rows(_HEADS.where(col(RunRow.id).in_(list(run_ids))))
        return {row.id: _head(row) for row in rows}

    async def confirm_started(self, run_ids: Iterable[str]) -> None:
        """Say that the workflows of these runs are there; a run that is further than `pending` stays as it is."""
        now = datetime.now(UTC)
        started = [{"run_id": run_id, "now": now} for run_id in run_ids]

        def confirm(connection: Connection) -> None:
            connection.execute(_CONFIRM, started)

        if started:
            await self._database.write(confirm)

    async def pending(self, older_than_sec: float, limit: int) -> Sequence[RunId]:
        """Runs that wait for their workflow to be started, oldest first."""
        statement = (
            select(col(RunRow.id))
            .where(col(RunRow.status) == RunStatus.PENDING, STARTED)
            .where(col(RunRow.created_at) <= datetime.now(UTC) - timedelta(seconds=older_than_sec))
            .order_by(col(RunRow.created_at), col(RunRow.id))
            .limit(limit)
        )
        return [RunId(row.id) for row in await self._database.rows(statement)]

    async def open_since(self, started_before: datetime, limit: int) -> Sequence[RunId]:
        """Runs that had begun by then and have not ended, child runs too."""
        statement = (
            select(col(RunRow.id))
            .where(col(RunRow.status).in_(_BEGUN), col(RunRow.started_at) < started_before)
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
        """None if nothing was written of it yet. Raises NotFound for a run that was deleted."""
        row = await self._database.row(_RUNS.where(col(RunRow.id) == run_id))
        if row is None and await self._database.row(deletion_of([run_id])) is not None:
            raise deleted(run_id)
        return None if row is None else _run(row)

    async def page(
        self,
        cursor: str | None,
        limit: int,
        *,
        status: RunStatus | None = None,
        graph_id: str | None = None,
        name: str | None = None,
        tags: Sequence[str] = (),
        part_of: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
    ) -> Page[RunHead]:
        """`limit` runs of a Selection, newest first, from `cursor` on."""
        selection = Selection(status, graph_id, name, tags, part_of, created_after, created_before)
        counting = None if self._database.knows_frequencies else selection.counts()
        counts = None if counting is None else tuple(await self._database.row(counting) or ())
        if counts and min(counts) == 0:
            return Page((), None)
        statement, created_at, id = selection.applied(_HEADS, counts)
        statement = newest_first(statement, created_at, id, cursor, limit)
        return page_of(await self._database.rows(statement), limit, _head)


def _row(new: Run) -> dict[str, Any]:
    return {
        "id": new.run_id,
        "graph_id": new.graph_id,
        "name": new.name,
        "status": new.status,
        "progress": new.progress,
        "last_seq": new.last_seq,
        "created_at": new.created_at,
        "input": json_text.encode(new.input),
        "retry_of": None if new.retry_of is None else new.retry_of.model_dump_json(by_alias=True),
        "tags": encode_tags(new.tags),
        "webhook": _webhook_text(new.webhook),
    }


def _head(row: Row[Any]) -> RunHead:
    return RunHead(**_head_fields(row))


def _run(row: Row[Any]) -> Run:
    result = None if row.result is None else RunResult.model_validate_json(row.result)
    return Run(**_head_fields(row), input=json_text.decode(row.input), result=result, webhook=_webhook(row))


def _head_fields(row: Row[Any]) -> dict[str, Any]:
    return {
        "run_id": row.id,
        "graph_id": row.graph_id,
        "name": row.name,
        "status": RunStatus(row.status),
        "progress": row.progress,
        "last_seq": row.last_seq,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "error": None if row.error is None else Failure.model_validate_json(row.error),
        "retry_of": _retry_of(row),
        "part_of": row.part_of,
        "tags": decode_tags(row.tags),
    }


def _retry_of(row: Row[Any]) -> RetryOf | None:
    return None if row.retry_of is None else RetryOf.model_validate_json(row.retry_of)


def _webhook(row: Row[Any]) -> Webhook | None:
    return None if row.webhook is None else Webhook.model_validate_json(row.webhook)


def _webhook_text(webhook: Webhook | None) -> str | None:
    return None if webhook is None else webhook.model_dump_json(exclude_unset=True)
