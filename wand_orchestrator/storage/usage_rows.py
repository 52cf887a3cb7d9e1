"""What model calls used, over all runs. The rows outlive their runs: money that was spent stays spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select
from sqlalchemy.orm import Mapped
from sqlmodel import col

from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.model_call import UsageTotal
from wand_orchestrator.contract.run import Archive
from wand_orchestrator.contract.state import usage_in
from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.tables import RunRow, UsageRow

Grouping = Literal["graph", "model", "day"]

_COUNTS = {
    "requests": col(UsageRow.requests),
    "partial_requests": col(UsageRow.partial_requests),
    "input_tokens": col(UsageRow.input_tokens),
    "output_tokens": col(UsageRow.output_tokens),
    "cached_tokens": col(UsageRow.cached_tokens),
    "reasoning_tokens": col(UsageRow.reasoning_tokens),
}
_GROUPS: dict[Grouping, Mapped[str]] = {
    "graph": col(UsageRow.graph),
    "model": col(UsageRow.model),
    "day": col(UsageRow.day),
}

_MONEY = func.sum(col(UsageRow.usd))
_SUMS: tuple[ColumnElement[Any], ...] = (
    *(func.coalesce(func.sum(count), 0).label(name) for name, count in _COUNTS.items()),
    _MONEY.label("usd"),
    func.coalesce(func.sum(col(UsageRow.requests)).filter(col(UsageRow.usd).is_(None)), 0).label("unpriced"),
)


@dataclass(frozen=True)
class UsageSelection:
    """Which model calls to sum: those that ended after and before these moments, both exclusive, of one graph or of
    one model.
    """

    after: datetime | None = None
    before: datetime | None = None
    graph: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class UsageGroup:
    """The sum of a group of calls. `keys`: what they have in common, by grouping; `runs`: how many runs made them."""

    keys: dict[Grouping, str]
    runs: int
    usage: UsageTotal


class UsageRows:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = database.insert(UsageRow).on_conflict_do_nothing(index_elements=["run_id", "seq"])

    def insert(self, connection: Connection, archive: Archive) -> None:
        """Insert what the events tell of the run's own calls; those of child runs are in the child runs' archives."""
        rows = [row for event in archive.events if (row := _row(archive, event)) is not None]
        if rows:
            connection.execute(self._insert, rows)

    async def sums(self, by: Sequence[Grouping], selection: UsageSelection, limit: int) -> list[UsageGroup]:
        """Return the sums by these, at most `limit` of them: the latest day first, and the dearest first within it.
        Without `by`, one sum of all.
        """
        groups = [_GROUPS[name] for name in by]
        statement = select(*groups, func.count(func.distinct(col(UsageRow.run_id))).label("runs"), *_SUMS)
        order = [_GROUPS["day"].desc()] if "day" in by else []
        statement = statement.where(*_conditions(selection)).group_by(*groups)
        statement = statement.order_by(*order, func.coalesce(_MONEY, 0).desc(), *groups).limit(limit)
        return [_group(by, row) for row in await self._database.rows(statement)]

    async def of_runs(self, run_ids: Sequence[str]) -> dict[str, UsageTotal]:
        """Return what each of these runs used with its child runs, as far as it is archived; none for a run that called
        no model.
        """
        root: ColumnElement[Any] = func.coalesce(col(RunRow.part_of), col(RunRow.id))
        statement = select(*(root.label("root"), *_SUMS)).join(UsageRow, col(UsageRow.run_id) == col(RunRow.id))
        statement = statement.where(or_(col(RunRow.id).in_(run_ids), col(RunRow.part_of).in_(run_ids)))
        return {row.root: _total(row) for row in await self._database.rows(statement.group_by(root))}


def _conditions(selection: UsageSelection) -> list[ColumnElement[bool]]:
    equal = ((col(UsageRow.graph), selection.graph), (col(UsageRow.model), selection.model))
    conditions: list[ColumnElement[bool]] = [column == wanted for column, wanted in equal if wanted is not None]
    if selection.after is not None:
        conditions.append(col(UsageRow.at) > selection.after)
    if selection.before is not None:
        conditions.append(col(UsageRow.at) < selection.before)
    return conditions


def _group(by: Sequence[Grouping], row: Row[Any]) -> UsageGroup:
    keys: dict[Grouping, str] = {name: getattr(row, name) for name in by}
    return UsageGroup(keys, row.runs, _total(row))


def _total(row: Row[Any]) -> UsageTotal:
    counts = {name: int(getattr(row, name)) for name in _COUNTS}
    return UsageTotal(**counts, usd=row.usd, unpriced_requests=int(row.unpriced))


def _row(archive: Archive, event: Event) -> dict[str, Any] | None:
    usage = usage_in(event)
    if usage is None or "/" in (event.node or "/"):
        return None
    model = event.data.get("model")
    return {
        "run_id": archive.run_id,
        "seq": event.seq,
        "graph": archive.name,
        "model": model if isinstance(model, str) else "",
        "at": event.ts,
        "day": event.ts.astimezone(UTC).date().isoformat(),
        **{name: getattr(usage, name) for name in _COUNTS},
        "usd": usage.usd,
    }
