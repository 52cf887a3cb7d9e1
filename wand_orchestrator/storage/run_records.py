"""A run as callers of the storage get it, and its conversion to a row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Mapped
from sqlmodel import col

from wand_orchestrator.contract.ids import GraphId, RunId
from wand_orchestrator.contract.run import (
    RetryOf,
    RunResult,
)
from wand_orchestrator.contract.state import Failure, RunStatus
from wand_orchestrator.contract.webhook import Webhook
from wand_orchestrator.storage import json_text
from wand_orchestrator.storage.page import Columns
from wand_orchestrator.storage.tables import RunRow
from wand_orchestrator.storage.tag_rows import decode_tags, encode_tags

_HEAD: tuple[Mapped[Any], ...] = (
    col(RunRow.id),
    col(RunRow.graph_id),
    col(RunRow.name),
    col(RunRow.status),
    col(RunRow.progress),
    col(RunRow.last_seq),
    col(RunRow.created_at),
    col(RunRow.started_at),
    col(RunRow.finished_at),
    col(RunRow.error),
    col(RunRow.retry_of),
    col(RunRow.part_of),
    col(RunRow.tags),
)
# Built once: building them costs as much as asking SQLite.
HEADS: Columns = select(*_HEAD)
RUNS: Columns = select(*_HEAD, col(RunRow.input), col(RunRow.result), col(RunRow.webhook))


@dataclass(frozen=True)
class RunHead:
    """A run as lists show it, without input and result.

    What changes while it runs is as of the last flush of its journal; moments are UTC. `started_at` is the moment of
    confirmation until the journal tells the true one.
    """

    run_id: RunId
    graph_id: GraphId | None
    name: str
    status: RunStatus
    progress: int
    last_seq: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: Failure | None
    retry_of: RetryOf | None
    part_of: RunId | None
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Run(RunHead):
    """A run with input and result. `input_json` is the stored text: it may be large, and few readers decode it."""

    input_json: str
    result: RunResult | None
    webhook: Webhook | None

    @property
    def input(self) -> Any:
        return json_text.decode(self.input_json)


def row_of(run: Run) -> dict[str, Any]:
    """Return the row of a new run, which has no end and no result."""
    return {
        "id": run.run_id,
        "graph_id": run.graph_id,
        "name": run.name,
        "status": run.status,
        "progress": run.progress,
        "last_seq": run.last_seq,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "input": run.input_json,
        "retry_of": None if run.retry_of is None else run.retry_of.model_dump_json(by_alias=True),
        "retried_run": None if run.retry_of is None else run.retry_of.run_id,
        "tags": encode_tags(run.tags),
        "webhook": None if run.webhook is None else run.webhook.model_dump_json(exclude_unset=True),
    }


def head_of(row: Row[Any]) -> RunHead:
    return RunHead(**_head_fields(row))


def run_of(row: Row[Any]) -> Run:
    result = None if row.result is None else RunResult.model_validate_json(row.result)
    return Run(**_head_fields(row), input_json=row.input, result=result, webhook=_webhook(row))


def _head_fields(row: Row[Any]) -> dict[str, Any]:
    return {
        "run_id": row.id,
        "graph_id": row.graph_id,
        "name": row.name,
        "status": RunStatus(row.status),
        "progress": row.progress,
        "last_seq": row.last_seq,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "error": None if row.error is None else Failure.model_validate_json(row.error),
        "retry_of": _retry_of(row),
        "part_of": row.part_of,
        "tags": decode_tags(row.tags),
    }


def _retry_of(row: Row[Any]) -> RetryOf | None:
    return None if row.retry_of is None else RetryOf.model_validate_json(row.retry_of)


def _webhook(row: Row[Any]) -> Webhook | None:
    return None if row.webhook is None else Webhook.model_validate_json(row.webhook)
