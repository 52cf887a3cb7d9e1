"""Stores hooks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, select
from sqlmodel import col

from wand_orchestrator.contract.run_terms import CallerTerms
from wand_orchestrator.errors import NotFound
from wand_orchestrator.storage import json_text
from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.page import Columns, Page, newest_first, page_of
from wand_orchestrator.storage.tables import HookRow

Verification = Literal["signature", "token"]

_HOOKS: Columns = select(*HookRow.metadata.tables["hooks"].c, col(HookRow.name).label("id"))
"""With the name as `id` too, by which pages are ordered."""


@dataclass(frozen=True)
class Hook:
    """A stored hook. `secret`: the signing secrets, or the SHA-256 of a token in hex. `map`: input
    key to expression.
    """

    name: str
    graph_name: str
    version: int | None
    verification: Verification
    secret: str
    terms: CallerTerms
    map: Mapping[str, str] | None
    created_at: datetime
    updated_at: datetime


class HookRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, hook: Hook, *, keep_secret: bool) -> tuple[Hook, bool]:
        """Store the hook in place of one of the same name; return it as it is stored, and whether it is new.

        `keep_secret`: the secret that the name has stays, if it is of the same kind.
        """

        def upsert(connection: Connection) -> tuple[Hook, bool]:
            row = connection.execute(_HOOKS.where(col(HookRow.name) == hook.name)).first()
            values = _values(hook)
            if row is not None:
                values["created_at"] = row.created_at
                if keep_secret and row.verification == hook.verification:
                    values["secret"] = row.secret
            insert = self._database.insert(HookRow).values(**values)
            connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=values))
            return _hook(connection.execute(_HOOKS.where(col(HookRow.name) == hook.name)).one()), row is None

        return await self._database.write(upsert)

    async def get(self, name: str) -> Hook | None:
        row = await self._database.row(_HOOKS.where(col(HookRow.name) == name))
        return None if row is None else _hook(row)

    async def delete(self, name: str) -> None:
        """Delete a hook. Raises NotFound."""
        statement = delete(HookRow).where(col(HookRow.name) == name)
        if not await self._database.write(lambda connection: connection.execute(statement).rowcount):
            raise no_hook(name)

    async def page(self, cursor: str | None, limit: int) -> Page[Hook]:
        """Return `limit` hooks, newest first, from `cursor` on."""
        statement = newest_first(_HOOKS, col(HookRow.created_at), col(HookRow.name), cursor, limit)
        return page_of(await self._database.rows(statement), limit, _hook)


def no_hook(name: str) -> NotFound:
    return NotFound(f"there is no hook {name}", code="hook_not_found")


def new_hook(
    name: str,
    graph_name: str,
    version: int | None,
    verification: Verification,
    secret: str,
    terms: CallerTerms,
    map: Mapping[str, str] | None,
) -> Hook:
    now = datetime.now(UTC)
    return Hook(name, graph_name, version, verification, secret, terms, map, now, now)


def _values(hook: Hook) -> dict[str, Any]:
    return {
        "name": hook.name,
        "graph_name": hook.graph_name,
        "version": hook.version,
        "verification": hook.verification,
        "secret": hook.secret,
        "terms": hook.terms.model_dump_json(exclude_defaults=True),
        "map": None if hook.map is None else json_text.encode(hook.map),
        "created_at": hook.created_at,
        "updated_at": hook.updated_at,
    }


def _hook(row: Row[Any]) -> Hook:
    return Hook(
        name=row.name,
        graph_name=row.graph_name,
        version=row.version,
        verification=row.verification,
        secret=row.secret,
        terms=CallerTerms.model_validate_json(row.terms),
        map=None if row.map is None else json_text.decode(row.map),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
