"""Names of graphs, each with its newest version, how many versions it has, and its last run."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from wand_orchestrator.contract.ids import RunId
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.errors import BadRequest
from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.graphs import GraphHead
from wand_orchestrator.storage.page import Columns, Page
from wand_orchestrator.storage.tables import STARTED, GraphRow, RunRow


@dataclass(frozen=True)
class RunOfName:
    run_id: RunId
    status: RunStatus
    created_at: datetime


@dataclass(frozen=True)
class GraphName:
    """A name with its newest version. `last_run`: of any of its versions; None if there is none."""

    newest: GraphHead
    versions: int
    last_run: RunOfName | None


class GraphNames:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, cursor: str | None, limit: int, search: str | None = None) -> Page[GraphName]:
        """Return `limit` names in alphabetical order, from `cursor` on; only those with `search` in them, if given."""
        rows = await self._database.rows(_with_runs(_names(cursor, limit, search)))
        shown = rows[:limit]
        more = _encode(shown[-1].name) if len(rows) > limit else None
        return Page(tuple(_name_of(row) for row in shown), more)


def _names(cursor: str | None, limit: int, search: str | None) -> Columns:
    """Return a statement for the names and one more, which tells whether there is a next page."""
    name, version = col(GraphRow.name), col(GraphRow.version)
    statement: Columns = select(name, func.max(version).label("version"), func.count().label("versions"))
    statement = statement.where(col(GraphRow.deleted_at).is_(None))
    if cursor is not None:
        statement = statement.where(name > _decode(cursor))
    if search is not None:
        statement = statement.where(name.icontains(search, autoescape=True))
    return statement.group_by(name).order_by(name).limit(limit + 1)


def _with_runs(statement: Columns) -> Columns:
    """Return a statement for the names with the heads of their newest versions and of their last runs."""
    names = statement.subquery()
    graph, run, each = aliased(GraphRow), aliased(RunRow), RunRow
    # By the index of the lists of runs of one name.
    of_name = select(col(each.id)).where(col(each.name) == names.c.name, STARTED)
    last = of_name.order_by(col(each.created_at).desc(), col(each.id).desc()).limit(1).scalar_subquery()
    return (
        select(
            col(graph.id).label("graph_id"),
            col(graph.name),
            col(graph.version),
            col(graph.created_at),
            names.c.versions,
            col(run.id).label("run_id"),
            col(run.status),
            col(run.created_at).label("run_created_at"),
        )
        .select_from(names)
        .join(graph, and_(col(graph.name) == names.c.name, col(graph.version) == names.c.version))
        .outerjoin(run, col(run.id) == last)
        .order_by(names.c.name)
    )


def _name_of(row: Row[Any]) -> GraphName:
    newest = GraphHead(row.graph_id, row.name, row.version, row.created_at)
    if row.run_id is None:
        return GraphName(newest, row.versions, None)
    return GraphName(newest, row.versions, RunOfName(row.run_id, RunStatus(row.status), row.run_created_at))


def _encode(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _decode(cursor: str) -> str:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        name = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        name = "\x00"
    if "\x00" in name:
        raise BadRequest("the cursor is not one that a page gave as `next`", code="bad_cursor")
    return name
