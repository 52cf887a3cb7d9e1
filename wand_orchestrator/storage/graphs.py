"""Graphs as stored: immutable, numbered by version under each name."""

import asyncio
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, func, select, update
from sqlalchemy.orm import Mapped
from sqlmodel import col

from wand_orchestrator.contract.ids import GraphId, new_graph_id
from wand_orchestrator.errors import NotFound
from wand_orchestrator.graph import Graph
from wand_orchestrator.storage import json_text
from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.engine.deadline import BULK_SEC
from wand_orchestrator.storage.engine.weight import worked_off
from wand_orchestrator.storage.page import Columns, Page, newest_first, page_of
from wand_orchestrator.storage.tables import GraphRow, RunRow

_HEAD: tuple[Mapped[Any], ...] = (col(GraphRow.id), col(GraphRow.name), col(GraphRow.version), col(GraphRow.created_at))
# Built once: building them costs as much as asking SQLite.
_HEADS = select(*_HEAD)
_GRAPHS = select(*_HEAD, col(GraphRow.document))
_THERE = col(GraphRow.deleted_at).is_(None)
_USED = exists().where(col(RunRow.graph_id) == col(GraphRow.id))

GONE = ""
"""Document of a deleted graph that no run uses: its row stays, so that its version is not counted twice."""


@dataclass(frozen=True)
class GraphHead:
    """One version of a graph, without its document, as lists show it."""

    graph_id: GraphId
    name: str
    version: int
    created_at: datetime


@dataclass(frozen=True)
class StoredGraph(GraphHead):
    graph: Graph


def fingerprint(graph: Graph) -> str:
    """Return the SHA-256 of the graph's meaning, in hex: neither an explicit default nor another order of keys changes
    it.
    """
    said = graph.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


class Graphs:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, graph: Graph, document: dict[str, Any] | None = None) -> StoredGraph:
        """Store the next version of the graph's name. `document`: as posted; by default it is made from `graph`."""
        new = await asyncio.to_thread(_new_row, graph, document)

        def insert(connection: Connection) -> GraphHead:
            while True:
                version = self._next_version(connection, graph.name)
                if (head := self._insert(connection, new, version)) is not None:
                    return head

        return _with_graph(await self._database.write(insert, seconds=BULK_SEC), graph)

    async def find_or_add(self, graph: Graph, document: dict[str, Any] | None = None) -> StoredGraph:
        """Return the newest version with the same meaning, or store the next one; equal calls at the same time store
        one version.
        """
        new = await asyncio.to_thread(_new_row, graph, document)
        same = _same(_HEADS, graph.name, new["sha256"])

        def find_or_insert(connection: Connection) -> GraphHead:
            while True:
                # In this order: an equal graph that is stored after the look for it has taken this version.
                version = self._next_version(connection, graph.name)
                if (row := connection.execute(same).first()) is not None:
                    return _head(row)
                if (head := self._insert(connection, new, version)) is not None:
                    return head

        found = await self._database.row(same)
        head = _head(found) if found else await self._database.write(find_or_insert, seconds=BULK_SEC)
        return _with_graph(head, graph)

    async def get(self, graph_id: str) -> StoredGraph | None:
        """Return the graph; None if it does not exist or was deleted."""
        return await _stored(await self._database.row(_GRAPHS.where(col(GraphRow.id) == graph_id, _THERE)))

    async def of_run(self, graph_id: str) -> StoredGraph | None:
        """Return the graph like `get`, also if it was deleted after a run began to use it."""
        statement = _GRAPHS.where(col(GraphRow.id) == graph_id, col(GraphRow.document) != GONE)
        return await _stored(await self._database.row(statement))

    async def delete(self, graph_id: str) -> bool:
        """Delete the graph; return whether it existed. Its runs keep it, and its version number is not used again."""
        statement = update(GraphRow).where(col(GraphRow.id) == graph_id, _THERE).values(deleted_at=datetime.now(UTC))
        return await self._database.write(lambda connection: connection.execute(statement).rowcount > 0)

    async def forget_unused(self, limit: int) -> int:
        """Remove at most `limit` documents of deleted graphs that no run uses; return how many were removed."""
        unused = select(col(GraphRow.id)).where(~_THERE, col(GraphRow.document) != GONE, ~_USED).limit(limit)
        statement = update(GraphRow).where(col(GraphRow.id).in_(unused)).values(document=GONE)
        return await self._database.write(lambda connection: connection.execute(statement).rowcount)

    async def named(self, graph_id: str | None, name: str | None, version: int | None = None) -> StoredGraph:
        """Return the graph with this id or, without an id, this version of the name, the newest without a version.

        Raises NotFound.
        """
        if graph_id is not None:
            stored = await self.get(graph_id)
        elif version is None:
            stored = await self.latest(name or "")
        else:
            statement = _GRAPHS.where(col(GraphRow.name) == name, col(GraphRow.version) == version, _THERE)
            stored = await _stored(await self._database.row(statement))
        if stored is None:
            raise no_graph(graph_id or (name if version is None else f"{name}, version {version}"))
        return stored

    async def latest(self, name: str) -> StoredGraph | None:
        """Return the highest version of this name."""
        statement = _GRAPHS.where(col(GraphRow.name) == name, _THERE)
        statement = statement.order_by(col(GraphRow.version).desc()).limit(1)
        return await _stored(await self._database.row(statement))

    async def find_same(self, name: str, sha256: str) -> StoredGraph | None:
        """Return the newest version of this name with this `fingerprint`."""
        return await _stored(await self._database.row(_same(_GRAPHS, name, sha256)))

    async def page(self, cursor: str | None, limit: int, name: str | None = None) -> Page[GraphHead]:
        """Return `limit` versions, newest first, from `cursor` on; only those called `name`, if given."""
        statement = _HEADS.where(_THERE)
        if name is not None:
            statement = statement.where(col(GraphRow.name) == name)
        statement = newest_first(statement, col(GraphRow.created_at), col(GraphRow.id), cursor, limit)
        return page_of(await self._database.rows(statement), limit, _head)

    def _next_version(self, connection: Connection, name: str) -> int:
        highest = select(func.coalesce(func.max(col(GraphRow.version)), 0)).where(col(GraphRow.name) == name)
        return int(connection.execute(highest).scalar_one()) + 1

    def _insert(self, connection: Connection, new: dict[str, Any], version: int) -> GraphHead | None:
        """Insert the version; return None if another caller took it first, whose row the next read sees."""
        insert = self._database.insert(GraphRow).values(**new, version=version)
        insert = insert.on_conflict_do_nothing(index_elements=["name", "version"])
        row = connection.execute(insert.returning(*_HEAD)).first()
        return None if row is None else _head(row)


def _new_row(graph: Graph, document: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "id": new_graph_id(),
        "name": graph.name,
        "document": _document(graph) if document is None else json_text.encode(document),
        "sha256": fingerprint(graph),
        "created_at": datetime.now(UTC),
    }


def _same(statement: Columns, name: str, sha256: str) -> Columns:
    same = statement.where(col(GraphRow.name) == name, col(GraphRow.sha256) == sha256, _THERE)
    return same.order_by(col(GraphRow.version).desc()).limit(1)


def _document(graph: Graph) -> str:
    return graph.model_dump_json(by_alias=True, exclude_defaults=True)


def _head(row: Row[Any]) -> GraphHead:
    return GraphHead(row.id, row.name, row.version, row.created_at)


def _with_graph(head: GraphHead, graph: Graph) -> StoredGraph:
    return StoredGraph(head.graph_id, head.name, head.version, head.created_at, graph)


async def _stored(row: Row[Any] | None) -> StoredGraph | None:
    if row is None:
        return None
    document: str = row.document
    return _with_graph(_head(row), await worked_off(document, lambda: Graph.model_validate_json(document)))


def refuse_deleted_graph(connection: Connection, graph_id: str) -> None:
    """Raise NotFound for a graph that was deleted."""
    deleted = select(col(GraphRow.id)).where(col(GraphRow.id) == graph_id, ~_THERE)
    if connection.execute(deleted).first() is not None:
        raise no_graph(graph_id)


def no_graph(name: str | None) -> NotFound:
    """Return the error for an unknown graph. `name`: its name or its id."""
    return NotFound(f"there is no graph {name}", code="graph_not_found")
