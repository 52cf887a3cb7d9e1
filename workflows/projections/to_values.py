"""Tells the worker what goes into nodes and comes out of them: beside the history, which does not have all of it."""

from collections.abc import Callable
from typing import Any, Protocol

from temporalio import workflow

from wand_orchestrator.contract.names import EXTERN_VALUES
from wand_orchestrator.contract.run import RunInput
from wand_orchestrator.workflows.projections.to_archive import root_of_run


class Values(Protocol):
    """What is told of one run; see `wand_orchestrator.temporal.value_log`."""

    def begun(self, node: str, params: Any, input: Any) -> None: ...
    def ended(self, node: str, output: Any) -> None: ...
    def has_child(self, node: str, run_id: str) -> None: ...


class Untold:
    """For a worker that keeps none of it, and for a replay that was made for something else."""

    def begun(self, node: str, params: Any, input: Any) -> None: ...
    def ended(self, node: str, output: Any) -> None: ...
    def has_child(self, node: str, run_id: str) -> None: ...


def values_of(run: RunInput) -> Values:
    """Where this run tells of its nodes."""
    listen: Callable[[str, str], Values] | None = workflow.extern_functions().get(EXTERN_VALUES)
    if listen is None:
        return Untold()
    run_id = workflow.info().workflow_id
    return listen(root_of_run(run) or run_id, run_id)
