"""Stores params, inputs and outputs of nodes: as JSON text, or as the digest of a payload."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, func, select
from sqlmodel import col

from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.engine.deadline import BULK_SEC
from wand_orchestrator.storage.tables import DeletionRow, NodeValueRow

NAMES = ("params", "input", "output")
BATCH = 1000


@dataclass(frozen=True)
class StoredValue:
    """A stored value. `size`: bytes of its JSON. `text`: the JSON; None if it is in the payload store under `digest`
    or, without one, was too large to be kept.
    """

    size: int
    text: str | None = None
    digest: str | None = None


@dataclass(frozen=True)
class StoredNode:
    """The stored values of one node; None for what was not reported. `replaces`: all that was stored of the node
    before.
    """

    root: str
    run_id: str
    node: str
    replaces: bool = True
    params: StoredValue | None = None
    input: StoredValue | None = None
    output: StoredValue | None = None
    child: str | None = None


class NodeValueRows:
    def __init__(self, database: Database) -> None:
        self._database = database
        insert = database.insert(NodeValueRow)
        columns = [f"{name}{part}" for name in NAMES for part in ("", "_bytes", "_digest")] + ["child"]
        new, old = insert.excluded, NodeValueRow.metadata.tables["node_values"].c
        key = ["root", "run_id", "node"]
        self._replace = insert.on_conflict_do_update(index_elements=key, set_={name: new[name] for name in columns})
        added = {name: func.coalesce(new[name], old[name]) for name in columns}
        self._add = insert.on_conflict_do_update(index_elements=key, set_=added)

    async def put(self, nodes: Sequence[StoredNode]) -> None:
        """Store these; those of deleted runs are left out. The same again changes nothing."""
        for start in range(0, len(nodes), BATCH):
            batch = nodes[start : start + BATCH]
            await self._database.write(partial(self.put_in, nodes=batch), seconds=BULK_SEC)

    async def get(self, root: str, run_id: str, node: str) -> StoredNode | None:
        row = await self._database.row(
            select(*NodeValueRow.metadata.tables["node_values"].c).where(
                col(NodeValueRow.root) == root, col(NodeValueRow.run_id) == run_id, col(NodeValueRow.node) == node
            )
        )
        if row is None:
            return None
        params, input, output = (_value(row, name) for name in NAMES)
        return StoredNode(root, run_id, node, params=params, input=input, output=output, child=row.child)

    def put_in(self, connection: Connection, nodes: Iterable[StoredNode]) -> None:
        """Store values of nodes within a transaction."""
        rows = [(_row(node), node.replaces) for node in nodes]
        roots = list({row["root"] for row, _ in rows})
        gone = select(col(DeletionRow.run_id)).where(col(DeletionRow.run_id).in_(roots))
        deleted = {row.run_id for row in connection.execute(gone)}
        for statement, replaces in ((self._replace, True), (self._add, False)):
            if chosen := [row for row, whole in rows if whole is replaces and row["root"] not in deleted]:
                connection.execute(statement, chosen)


def _row(node: StoredNode) -> dict[str, Any]:
    row: dict[str, Any] = {"root": node.root, "run_id": node.run_id, "node": node.node, "child": node.child}
    for name in NAMES:
        value: StoredValue | None = getattr(node, name)
        known = (None, None, None) if value is None else (value.text, value.size, value.digest)
        row[name], row[f"{name}_bytes"], row[f"{name}_digest"] = known
    return row


def _value(row: Any, name: str) -> StoredValue | None:
    size = getattr(row, f"{name}_bytes")
    return None if size is None else StoredValue(size, getattr(row, name), getattr(row, f"{name}_digest"))
