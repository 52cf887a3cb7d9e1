"""Lists, newest first, a page at a time.

A cursor is a place in the order (created_at, id), not a count of rows: what is added meanwhile comes before it, so a
reader who goes on from it meets no row twice and misses none.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Self, TypeVar

from sqlalchemy import Row, Select, literal, tuple_
from sqlalchemy.orm import Mapped

from wand_orchestrator.errors import BadRequest
from wand_orchestrator.storage.utc_date_time import UtcDateTime

T = TypeVar("T")
Columns = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Page(Generic[T]):
    """A page of rows. `next` is the cursor of the page after this one; None on the last."""

    items: tuple[T, ...]
    next: str | None


@dataclass(frozen=True)
class Place:
    """The place where a page ended; encoded, it is an opaque cursor."""

    created_at: datetime
    id: str

    def encode(self) -> str:
        text = f"{self.created_at.astimezone(UTC).isoformat()} {self.id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, cursor: str) -> Self:
        """Decode a cursor. Raises BadRequest for one that no page returned."""
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            moment, id = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split(" ", 1)
            return cls(datetime.fromisoformat(moment).astimezone(UTC), id)
        except (binascii.Error, ValueError, OverflowError):
            raise BadRequest("the cursor is not one that a page gave as `next`", code="bad_cursor") from None


def newest_first(
    statement: Columns,
    created_at: Mapped[datetime],
    id: Mapped[str],
    cursor: str | None,
    limit: int,
) -> Columns:
    """Return `statement` limited to `limit` rows after `cursor`, and one more row that tells whether a next page
    exists.
    """
    if cursor is not None:
        place = Place.decode(cursor)
        statement = statement.where(tuple_(created_at, id) < tuple_(literal(place.created_at, UtcDateTime), place.id))
    return statement.order_by(created_at.desc(), id.desc()).limit(limit + 1)


def page_of(rows: Sequence[Row[Any]], limit: int, item: Callable[[Row[Any]], T]) -> Page[T]:
    """Return the page that `rows`, selected by `newest_first`, form."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(
        items=tuple(item(row) for row in shown),
        next=Place(shown[-1].created_at, shown[-1].id).encode() if more and shown else None,
    )
