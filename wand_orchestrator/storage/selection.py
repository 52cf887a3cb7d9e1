"""Selects the runs of a list, along the index of the criterion that the fewest runs meet.

Runs that have a common tag and something rare besides are found by what is rare: along the common tag, a hundred
thousand of them would be looked at for a page of three. PostgreSQL sees to that by its statistics. For SQLite, which
has none of single values, it is counted first: measured on 100,000 runs, 70 to 140 ms became 2 to 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import Mapped
from sqlmodel import col

from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.storage.page import Columns
from wand_orchestrator.storage.tables import STARTED, RunRow, RunTagRow
from wand_orchestrator.storage.tag_rows import tagged, with_tags

MANY = 5000
"""No more are counted: among so many, a page of those that have all else is found soon, or there are hardly any."""


@dataclass(frozen=True)
class Selection:
    """A run has to have all that is given, all of `tags` too, but one status of several is enough. Both bounds on the
    moment are exclusive.

    Child runs are shown only as those of one run, `part_of`.
    """

    statuses: Sequence[RunStatus] = ()
    graph_id: str | None = None
    name: str | None = None
    tags: Sequence[str] = ()
    part_of: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    def counts(self) -> Select[*tuple[Any, ...]] | None:
        """A statement for one row: how many runs have each of what is given, up to MANY. None: it makes no odds."""
        if not self.tags or self.part_of is not None or len(self.tags) + len(self._conditions) == 1:
            return None
        runs = [select(literal(1)).where(STARTED, condition) for condition in self._conditions]
        tags = [select(literal(1)).where(col(RunTagRow.tag) == tag) for tag in self.tags]
        found = [
            *(statement.where(*self._within(col(RunTagRow.created_at))) for statement in tags),
            *(statement.where(*self._within(col(RunRow.created_at))) for statement in runs),
        ]
        counted = [select(func.count()).select_from(each.limit(MANY).subquery()).scalar_subquery() for each in found]
        return select(*counted)

    def applied(
        self, statement: Columns, counts: Sequence[int] | None
    ) -> tuple[Columns, Mapped[datetime], Mapped[str]]:
        """The statement for runs that fit, and the columns of its order: the moment, and the id."""
        statement = statement.where(*self._conditions)
        statement = statement.where(STARTED if self.part_of is None else col(RunRow.part_of) == self.part_of)
        created_at, id = col(RunRow.created_at), col(RunRow.id)
        fewest = 0 if counts is None else counts.index(min(counts))
        if self.part_of is not None or fewest >= len(self.tags):
            statement = with_tags(statement, self.tags, id)
        else:
            first = self.tags[fewest]
            statement = tagged(statement, first, [tag for tag in self.tags if tag != first])
            created_at, id = col(RunTagRow.created_at), col(RunTagRow.run_id)
        return statement.where(*self._within(created_at)), created_at, id

    @property
    def _conditions(self) -> list[ColumnElement[bool]]:
        wanted = ((RunRow.graph_id, self.graph_id), (RunRow.name, self.name))
        conditions = [col(column) == value for column, value in wanted if value is not None]
        match tuple(dict.fromkeys(self.statuses)):
            case ():
                return conditions
            case (status,):
                return [col(RunRow.status) == status, *conditions]
            case statuses:
                return [col(RunRow.status).in_(statuses), *conditions]

    def _within(self, created_at: Mapped[datetime]) -> list[ColumnElement[bool]]:
        after = [] if self.created_after is None else [created_at > self.created_after]
        return after if self.created_before is None else [*after, created_at < self.created_before]
