"""Events as stored: read a page at a time, as the JSON text that SSE sends."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import col

from wand_orchestrator.contract.events import TURNS, EventType, Level
from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.tables import SERIOUS, EventRow

MAX_SEQ = 2**31 - 1


@dataclass(frozen=True)
class StoredEvent:
    """`body`: the event as JSON."""

    seq: int
    type: EventType
    body: str


_EVENTS = select(col(EventRow.seq), col(EventRow.type), col(EventRow.body)).order_by(col(EventRow.seq))


class Events:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, run_id: str, after: int, limit: int, *, node: str | None = None, level: Level | None = None
    ) -> Sequence[StoredEvent]:
        """Return the first `limit` events with `seq` above `after`, in order; only those of `node`, and of `level` or
        graver.
        """
        statement = _EVENTS.where(col(EventRow.run_id) == run_id, col(EventRow.seq) > min(after, MAX_SEQ)).limit(limit)
        if node is not None:
            statement = statement.where(col(EventRow.node) == node)
        if level in ("warning", "error"):
            statement = statement.where(SERIOUS)
        if level == "error":
            statement = statement.where(col(EventRow.level) == "error")
        elif level == "info":
            statement = statement.where(col(EventRow.level) != "debug")
        return [StoredEvent(row.seq, EventType(row.type), row.body) for row in await self._database.rows(statement)]

    async def turns(self, run_id: str, node: str, limit: int) -> Sequence[StoredEvent]:
        """Return the last `limit` events in which the state of the node changed, in order."""
        statement = (
            select(col(EventRow.seq), col(EventRow.type), col(EventRow.body))
            .where(col(EventRow.run_id) == run_id, col(EventRow.node) == node, col(EventRow.type).in_(TURNS))
            .order_by(col(EventRow.seq).desc())
            .limit(limit)
        )
        rows = await self._database.rows(statement)
        return [StoredEvent(row.seq, EventType(row.type), row.body) for row in reversed(rows)]

    async def last_seq(self, run_id: str) -> int:
        """Return the `seq` of the last stored event; 0 if there is none."""
        row = await self._database.row(select(func.max(col(EventRow.seq))).where(col(EventRow.run_id) == run_id))
        return (row[0] if row else None) or 0
