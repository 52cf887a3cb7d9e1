"""A run as callers of the storage get it, and its conversion to a row."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Mapped
from sqlmodel import col

from wand_orchestrator.contract.ids import GraphId, RunId
from wand_orchestrator.contract.run import RunResult
from wand_orchestrator.contract.run_summary import RunSummary
from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.contract.state import Failure, RunStatus
from wand_orchestrator.storage import json_text
from wand_orchestrator.storage.page import Columns
from wand_orchestrator.storage.tables import RunRow

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
    col(RunRow.part_of),
    col(RunRow.terms),
)
# Built once: building them costs as much as asking SQLite.
HEADS: Columns = select(*_HEAD)
RUNS: Columns = select(*_HEAD, col(RunRow.input), col(RunRow.result))


_NO_TERMS = RunTerms()


@dataclass(frozen=True)
class RunHead:
    """A run as lists show it, without input and result.

    What changes while it runs is as of the last flush of its journal; moments are UTC. `started_at` is the moment of
    confirmation until the journal tells the true one. `terms`: without the input.
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
    part_of: RunId | None
    terms: RunTerms

    @property
    def summary(self) -> RunSummary:
        return RunSummary.of(
            self.terms,
            run_id=self.run_id,
            graph_id=self.graph_id,
            name=self.name,
            status=self.status,
            progress=self.progress,
            created_at=self.created_at,
            started_at=self.started_at,
            finished_at=self.finished_at,
            error=self.error,
            part_of=self.part_of,
        )


@dataclass(frozen=True)
class Run(RunHead):
    """A run with input and result. `input_json` is the stored text: it may be large, and few readers decode it."""

    input_json: str
    result: RunResult | None

    @property
    def input(self) -> Any:
        return json_text.decode(self.input_json)


def new_run(run_id: str, graph_id: str | None, name: str, status: RunStatus, terms: RunTerms, input_json: str) -> Run:
    """Return a run without a journal; `input_json` is the input of the terms, as it is stored."""
    now = datetime.now(UTC)
    return Run(
        run_id=RunId(run_id),
        graph_id=None if graph_id is None else GraphId(graph_id),
        name=name,
        status=status,
        progress=0,
        last_seq=0,
        created_at=now,
        started_at=None if status is RunStatus.PENDING else now,
        finished_at=None,
        error=None,
        part_of=None,
        terms=terms.without_input,
        input_json=input_json,
        result=None,
    )


def row_of(run: Run) -> dict[str, Any]:
    """Return the row of a new run, which has no end and no result."""
    retry_of = run.terms.retry_of
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
        "part_of": run.part_of,
        "retried_run": None if retry_of is None else retry_of.run_id,
        "terms": _terms_json(run.terms),
    }


def head_of(row: Row[Any]) -> RunHead:
    return RunHead(**_head_fields(row))


def run_of(row: Row[Any]) -> Run:
    result = None if row.result is None else RunResult.model_validate_json(row.result)
    return Run(**_head_fields(row), input_json=row.input, result=result)


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
        "part_of": row.part_of,
        "terms": _NO_TERMS if row.terms is None else RunTerms.model_validate_json(row.terms),
    }


def _terms_json(terms: RunTerms) -> str | None:
    """None for terms that say nothing, as of most runs."""
    text = terms.model_dump_json(by_alias=True, exclude_defaults=True)
    return None if text == "{}" else text
