"""Iterates over the entries of a list, from as many pages as it takes."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from wand_orchestrator.client._async.connection import AsyncApiConnection

MAX_PAGE = 500
"""Entries that the API gives at once."""

Page = TypeVar("Page", bound=BaseModel)
Entry = TypeVar("Entry")


async def entries(
    connection: AsyncApiConnection,
    page: type[Page],
    of: Callable[[Page], Sequence[Entry]],
    operation: str,
    query: Mapping[str, Any],
    limit: int | None,
    *,
    sized: bool = True,
    **parts: str,
) -> AsyncIterator[Entry]:
    """Yield the entries that `of` reads from each page, at most `limit`. A page is asked for when it is needed.

    `sized`: whether the operation takes the size of a page.
    """
    left, cursor = limit, None
    while left is None or left > 0:
        size = MAX_PAGE if left is None else min(left, MAX_PAGE)
        asked = {**query, "limit": size if sized else None, "cursor": cursor}
        read = await connection.get(page, operation, query=asked, **parts)
        found = of(read)[:left]
        for entry in found:
            yield entry
        left = None if left is None else left - len(found)
        cursor = getattr(read, "next", None)
        if cursor is None:
            return
