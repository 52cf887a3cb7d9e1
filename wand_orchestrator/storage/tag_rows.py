"""Tags as stored beside the terms of their run: each in a row of its own, to find runs by them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import col

from wand_orchestrator.storage.page import Columns
from wand_orchestrator.storage.tables import RunRow, RunTagRow


def insert_tags(connection: Connection, run_id: str, tags: Sequence[str], created_at: datetime) -> None:
    """Insert the tags, in the transaction that has inserted the run."""
    if tags:
        rows = [{"run_id": run_id, "tag": tag, "created_at": created_at} for tag in tags]
        connection.execute(insert(RunTagRow), rows)


def tagged(statement: Columns, first: str, others: Sequence[str]) -> Columns:
    """Return a statement for the runs that have all of these tags, read along the index of the first."""
    statement = statement.join(RunTagRow, col(RunTagRow.run_id) == col(RunRow.id)).where(col(RunTagRow.tag) == first)
    return with_tags(statement, others, col(RunTagRow.run_id))


def with_tags(statement: Columns, tags: Sequence[str], run_id: Mapped[str]) -> Columns:
    """Return the statement restricted to runs that have all of these tags."""
    for tag in tags:
        other = aliased(RunTagRow)
        found = select(1).where(col(other.run_id) == run_id, col(other.tag) == tag)
        statement = statement.where(found.exists())
    return statement
