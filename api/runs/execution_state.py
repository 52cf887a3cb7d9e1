"""Contains what Temporal knows of a run that is read: its execution, its state, and a substitute for its row."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from temporalio.client import WorkflowExecutionDescription

from wand_orchestrator.api.reconcile.ending import NATIVE_STATUS
from wand_orchestrator.api.temporal.errors import ExecutionClosed
from wand_orchestrator.contract.ids import GraphId, RunId
from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.contract.search_attributes import WAND_GRAPH, WAND_GRAPH_ID, WAND_TAGS
from wand_orchestrator.contract.state import RunState, RunStatus
from wand_orchestrator.errors import WandError
from wand_orchestrator.storage import Run
from wand_orchestrator.temporal.visibility import root_of

T = TypeVar("T")


@dataclass(frozen=True)
class ExecutionState:
    """Contains Temporal's description of a run and its workflow's state, or the errors of reading them. Without a
    description there is no such run.
    """

    description: WorkflowExecutionDescription | WandError | None
    state: RunState | WandError

    @property
    def closed(self) -> bool:
        natively = (
            isinstance(self.description, WorkflowExecutionDescription) and self.description.status in NATIVE_STATUS
        )
        return natively or isinstance(self.state, ExecutionClosed)


def without_end(state: RunState) -> RunState:
    """Return the state just before the run's end: status, result and error of an ended run are shown together, from its
    row.
    """
    if state.status.ended or state.status is RunStatus.PENDING:
        state.status = RunStatus.RUNNING
    state.progress, state.finished_at, state.error = min(state.progress, 99), None, None
    return state


async def or_error(call: Awaitable[T]) -> T | WandError:
    try:
        return await call
    except WandError as error:
        return error


def stand_in(description: WorkflowExecutionDescription) -> Run:
    """Return a substitute for the row, if the database is away, or the run was not started by the API and has not
    archived yet.
    """
    attributes = description.typed_search_attributes
    graph_id = attributes.get(WAND_GRAPH_ID)
    return Run(
        run_id=RunId(description.id),
        graph_id=None if graph_id is None else GraphId(graph_id),
        name=attributes.get(WAND_GRAPH) or description.id,
        status=RunStatus.RUNNING,
        progress=0,
        last_seq=0,
        created_at=description.start_time,
        started_at=description.start_time,
        finished_at=None,
        error=None,
        part_of=None if (root := root_of(description)) is None else RunId(root),
        terms=RunTerms.model_construct(tags=tuple(attributes.get(WAND_TAGS) or ())),
        input_json="",
        result=None,
    )
