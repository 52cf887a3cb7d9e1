"""What waits for a person's answer, over all runs: approvals, and calls of tools that somebody has to approve.

The rows follow the journals, as the archive takes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, or_, select
from sqlmodel import col

from wand_orchestrator.contract.events import RUN_ENDINGS, Event
from wand_orchestrator.contract.run import Archive
from wand_orchestrator.contract.state import RunStatus, asks_person, node_status_after
from wand_orchestrator.storage import json_text
from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.page import Page, newest_first, page_of
from wand_orchestrator.storage.tables import QuestionRow, RunRow
from wand_orchestrator.storage.tag_rows import with_tags

_OPEN = tuple(status for status in RunStatus if not status.ended)


@dataclass(frozen=True)
class OpenQuestion:
    """A node that waits for an answer. `root`: the run that somebody started, of which `run_id` is a part; `graph`: the
    name of the graph of `run_id`; `data`: of the event that told it.
    """

    run_id: str
    root: str
    node: str
    graph: str
    asked_at: datetime
    data: dict[str, Any]


class Questions:
    def __init__(self, database: Database) -> None:
        self._database = database
        insert = database.insert(QuestionRow)
        changed = {name: insert.excluded[name] for name in ("created_at", "body")}
        self._put = insert.on_conflict_do_update(index_elements=["id"], set_=changed)

    def follow(self, connection: Connection, archive: Archive) -> None:
        """Record what the events ask, and remove what they answer; the end of a run removes all that it asks."""
        asked: dict[str, Event | None] = {}
        for event in archive.events:
            if event.type in RUN_ENDINGS:
                connection.execute(delete(QuestionRow).where(col(QuestionRow.run_id) == archive.run_id))
                return
            if asks_person(event):
                asked[event.node or ""] = event
            elif event.node is not None and node_status_after(event.type) is not None:
                asked[event.node] = None
        rows = [_row(archive, event) for event in asked.values() if event is not None]
        answered = [_id(archive.run_id, node) for node, event in asked.items() if event is None]
        if answered:
            connection.execute(delete(QuestionRow).where(col(QuestionRow.id).in_(answered)))
        if rows:
            connection.execute(self._put, rows)

    async def page(
        self,
        cursor: str | None,
        limit: int,
        *,
        run_id: str | None = None,
        graph: str | None = None,
        tags: Sequence[str] = (),
    ) -> Page[OpenQuestion]:
        """Return `limit` open questions, newest first, from `cursor` on. `run_id`: of this run or of child runs in it;
        `graph`: the name of the graph that asks; `tags`: all of them are tags of the run that somebody started.
        """
        statement = (
            select(
                col(QuestionRow.run_id),
                col(QuestionRow.root),
                col(QuestionRow.node),
                col(RunRow.name),
                col(QuestionRow.created_at),
                col(QuestionRow.id),
                col(QuestionRow.body),
            )
            .join(RunRow, col(RunRow.id) == col(QuestionRow.run_id))
            .where(col(RunRow.status).in_(_OPEN))
        )
        if run_id is not None:
            statement = statement.where(or_(col(QuestionRow.run_id) == run_id, col(QuestionRow.root) == run_id))
        if graph is not None:
            statement = statement.where(col(RunRow.name) == graph)
        statement = with_tags(statement, tags, col(QuestionRow.root))
        statement = newest_first(statement, col(QuestionRow.created_at), col(QuestionRow.id), cursor, limit)
        return page_of(await self._database.rows(statement), limit, _question)


def _id(run_id: str, node: str) -> str:
    return f"{run_id} {node}"


def _row(archive: Archive, event: Event) -> dict[str, Any]:
    assert event.node is not None
    return {
        "id": _id(archive.run_id, event.node),
        "run_id": archive.run_id,
        "root": archive.part_of or archive.run_id,
        "node": event.node,
        "created_at": event.ts,
        "body": json_text.encode({"message": event.message} | event.data),
    }


def _question(row: Row[Any]) -> OpenQuestion:
    return OpenQuestion(row.run_id, row.root, row.node, row.name, row.created_at, json_text.decode(row.body))
