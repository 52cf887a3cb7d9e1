"""Stores idempotency keys: the same key with the same body returns the same run
(draft-ietf-httpapi-idempotency-key-header).
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select
from sqlmodel import col

from wand_orchestrator.errors import BadRequest, Conflict
from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.tables import IdempotencyRow

MAX_KEY_LENGTH = 255


class Idempotency(NamedTuple):
    """`key`: as the caller sent it; `body_sha256`: of the request's body, in hex."""

    key: str
    body_sha256: str


def claim(database: Database, connection: Connection, idempotency: Idempotency, run_id: str, now: datetime) -> str:
    """Take the key for `run_id`, in the transaction that makes this run.

    Returns the run of the key: `run_id`, or the one that an earlier call made. A concurrent call waits until the
    other's transaction has ended. Raises Conflict if the key was used with another body.
    """
    if len(idempotency.key) > MAX_KEY_LENGTH:
        raise BadRequest(f"an idempotency key has at most {MAX_KEY_LENGTH} characters", code="idempotency_key_too_long")
    row = {"key": idempotency.key, "body_sha256": idempotency.body_sha256, "run_id": run_id, "created_at": now}
    insert = database.insert(IdempotencyRow).values(**row).on_conflict_do_nothing(index_elements=["key"])
    if connection.execute(insert.returning(col(IdempotencyRow.key))).first() is not None:
        return run_id
    columns = select(col(IdempotencyRow.run_id), col(IdempotencyRow.body_sha256))
    earlier = connection.execute(columns.where(col(IdempotencyRow.key) == idempotency.key)).one()
    if earlier.body_sha256 != idempotency.body_sha256:
        raise Conflict(
            "this idempotency key was used with another body", code="idempotency_key_reused", run_id=earlier.run_id
        )
    return str(earlier.run_id)
