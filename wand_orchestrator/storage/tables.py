"""The tables, the same on SQLite and PostgreSQL. Their rows stay in this package: others get frozen dataclasses.

JSON is kept as text that was encoded once: what the API sends is what was stored, byte for byte.
A change here needs a migration in `migrations/versions`; a test compares the two.
"""

# pyright: reportAssignmentType=false
# SQLAlchemy declares the name of a table as a function, SQLModel takes a text as well.

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Text,
    TextClause,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from wand_orchestrator.storage.utc_date_time import UtcDateTime

# Names given here, and not by the database, can be named in later migrations on both.
_NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}

STARTED = text("part_of IS NULL")
"""Condition of the indexes for lists: they show runs that somebody started, without the child runs in them."""

PARTS = text("part_of IS NOT NULL")
"""Of the index for the child runs of one run."""

RETRIES = text("retried_run IS NOT NULL")
"""Of the index for the runs that go on from one run."""

SERIOUS = text("level IN ('warning', 'error')")
"""Condition of a partial index. SQLite uses the index only for a query that repeats it word for word."""


class Table(SQLModel, registry=registry(metadata=MetaData(naming_convention=_NAMES))):
    """Base with metadata of its own: tables that a plug-in declares with SQLModel are none of ours."""


class GraphRow(Table, table=True):
    """A version of a graph, which never changes: storing the same name again makes the next version."""

    __tablename__ = "graphs"
    __table_args__: Any = (
        UniqueConstraint("name", "version"),
        Index("ix_graphs_created_at_id", "created_at", "id"),
        Index("ix_graphs_name_created_at_id", "name", "created_at", "id"),
        Index("ix_graphs_name_sha256_version", "name", "sha256", "version"),
    )

    id: str = Field(primary_key=True)
    name: str
    version: int
    document: str = Field(sa_type=Text)
    sha256: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def _index(which: TextClause, *columns: str) -> Index:
    return Index(f"ix_runs_{'_'.join(columns)}", *columns, sqlite_where=which, postgresql_where=which)


class RunRow(Table, table=True):
    """A run. `graph_id` is null if it was not started through the API and brought its graph along.

    `part_of`, of a child run, is the run that somebody started; no foreign key, for that one may be archived later.
    `terms` contains the RunTerms as JSON, without the input and without what is default; null if nothing is left.
    `retried_run` is the run in their `retry_of`, which may have been deleted.
    """

    __tablename__ = "runs"
    __table_args__: Any = (
        _index(STARTED, "created_at", "id"),
        _index(STARTED, "status", "created_at", "id"),
        _index(STARTED, "graph_id", "created_at", "id"),
        _index(STARTED, "name", "created_at", "id"),
        _index(PARTS, "part_of", "created_at", "id"),
        _index(RETRIES, "retried_run", "created_at", "id"),
    )

    id: str = Field(primary_key=True)
    graph_id: str | None = Field(default=None, foreign_key="graphs.id")
    name: str
    status: str
    progress: int = 0
    last_seq: int = 0
    input: str = Field(default="null", sa_type=Text)
    terms: str | None = Field(default=None, sa_type=Text)
    retried_run: str | None = None
    part_of: str | None = None
    result: str | None = Field(default=None, sa_type=Text)
    error: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RunTagRow(Table, table=True):
    """A tag of a run, to find it by; `created_at` is the run's."""

    __tablename__ = "run_tags"
    __table_args__: Any = (Index("ix_run_tags_tag_created_at_run_id", "tag", "created_at", "run_id"),)

    run_id: str = Field(primary_key=True, foreign_key="runs.id", ondelete="CASCADE")
    tag: str = Field(primary_key=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


class TriggerRow(Table, table=True):
    """A run id that a trigger of a schedule has reserved before the run has a row."""

    __tablename__ = "triggers"

    run_id: str = Field(primary_key=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


class HookRow(Table, table=True):
    """A hook. `secret`: the signing secrets, which signatures are checked with, or the SHA-256 of a token in hex;
    `terms` and `map` are JSON."""

    __tablename__ = "hooks"
    __table_args__: Any = (Index("ix_hooks_created_at_name", "created_at", "name"),)

    name: str = Field(primary_key=True)
    graph_name: str
    version: int | None = None
    verification: str
    secret: str = Field(sa_type=Text)
    terms: str = Field(sa_type=Text)
    map: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class SecretRow(Table, table=True):
    """A secret that Wand made for itself, such as the key that signs links."""

    __tablename__ = "secrets"

    name: str = Field(primary_key=True)
    value: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)


class LinkUseRow(Table, table=True):
    """A link that has been used, by the id that is in it, until it would have expired."""

    __tablename__ = "link_uses"
    __table_args__: Any = (Index("ix_link_uses_expires_at", "expires_at"),)

    id: str = Field(primary_key=True)
    used_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class NamespaceRow(Table, table=True):
    """A namespace of Temporal, by the id that Temporal gave it; `seen_at`: when it was first met."""

    __tablename__ = "namespaces"

    id: str = Field(primary_key=True)
    seen_at: datetime = Field(sa_type=UtcDateTime)


class DeletionRow(Table, table=True):
    """A run that was deleted, until nothing can bring it back; `cleaned_at`: when all that lay elsewhere had gone."""

    __tablename__ = "deletions"
    __table_args__: Any = (Index("ix_deletions_cleaned_at_deleted_at", "cleaned_at", "deleted_at"),)

    run_id: str = Field(primary_key=True)
    deleted_at: datetime = Field(sa_type=UtcDateTime)
    cleaned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class EventRow(Table, table=True):
    """An event. `body` is its JSON as SSE sends it; the other columns serve to find it."""

    __tablename__ = "events"
    __table_args__: Any = (
        Index("ix_events_run_id_node_seq", "run_id", "node", "seq"),
        Index("ix_events_serious", "run_id", "seq", sqlite_where=SERIOUS, postgresql_where=SERIOUS),
    )

    run_id: str = Field(primary_key=True, foreign_key="runs.id", ondelete="CASCADE")
    seq: int = Field(primary_key=True)
    ts: datetime = Field(sa_type=UtcDateTime)
    type: str
    level: str
    node: str | None = None
    body: str = Field(sa_type=Text)


class NodeValueRow(Table, table=True):
    """What went into a node and came out of it. `root` is the run that somebody started, of which `run_id` is a part.

    No foreign key: a child run has no row before it is archived. What is large lies in the payload store, under its
    digest; `child` is the child run of the node.
    """

    __tablename__ = "node_values"

    root: str = Field(primary_key=True)
    run_id: str = Field(primary_key=True)
    node: str = Field(primary_key=True)
    params: str | None = Field(default=None, sa_type=Text)
    params_bytes: int | None = None
    params_digest: str | None = None
    input: str | None = Field(default=None, sa_type=Text)
    input_bytes: int | None = None
    input_digest: str | None = None
    output: str | None = Field(default=None, sa_type=Text)
    output_bytes: int | None = None
    output_digest: str | None = None
    child: str | None = None


class UsageRow(Table, table=True):
    """What an attempt of a model call used, by the event that tells it; `day` is that of `at` in UTC.

    No foreign key: what was spent stays known when its run is deleted. `usd` is null where the price is unknown.
    """

    __tablename__ = "usage"
    __table_args__: Any = (Index("ix_usage_at", "at"),)

    run_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    graph: str
    model: str
    at: datetime = Field(sa_type=UtcDateTime)
    day: str
    requests: int = Field(sa_type=BigInteger)
    partial_requests: int = Field(sa_type=BigInteger)
    input_tokens: int = Field(sa_type=BigInteger)
    output_tokens: int = Field(sa_type=BigInteger)
    cached_tokens: int = Field(sa_type=BigInteger)
    reasoning_tokens: int = Field(sa_type=BigInteger)
    usd: float | None = None


class QuestionRow(Table, table=True):
    """A node that waits for a person's answer. `root` is the run that somebody started, of which `run_id` is a part.

    `body` contains the data of the event as JSON: what is asked, and the schema of the answer.
    """

    __tablename__ = "questions"
    __table_args__: Any = (
        Index("ix_questions_run_id", "run_id"),
        Index("ix_questions_root", "root"),
        Index("ix_questions_created_at_id", "created_at", "id"),
    )

    id: str = Field(primary_key=True)
    run_id: str = Field(foreign_key="runs.id", ondelete="CASCADE")
    root: str
    node: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    body: str = Field(sa_type=Text)


class IdempotencyRow(Table, table=True):
    """Which run a caller's `Idempotency-Key` made. Written before its run, hence the deferred reference."""

    __tablename__ = "idempotency_keys"
    __table_args__: Any = (
        ForeignKeyConstraint(["run_id"], ["runs.id"], ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        Index("ix_idempotency_keys_run_id", "run_id"),
    )

    key: str = Field(primary_key=True)
    body_sha256: str
    run_id: str
    created_at: datetime = Field(sa_type=UtcDateTime)
