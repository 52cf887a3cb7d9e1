"""Reports what goes into nodes and comes out of them to the worker: the history does not have all of it."""

from collections.abc import Callable
from typing import Any, Protocol

from temporalio import workflow

from wand_orchestrator.contract.names import EXTERN_VALUES
from wand_orchestrator.contract.run import RunInput
from wand_orchestrator.workflows.projections.to_archive import root_of_run


class Values(Protocol):
    """Reports the values of one run; see `wand_orchestrator.temporal.value_log`."""

    def begun(self, node: str, params: Any, input: Any) -> None: ...
    def ended(self, node: str, output: Any) -> None: ...
    def has_child(self, node: str, run_id: str) -> None: ...


class Untold:
    """Drops all values: for a worker that keeps none of them, and for a replay that was made for something else."""

    def begun(self, node: str, params: Any, input: Any) -> None: ...
    def ended(self, node: str, output: Any) -> None: ...
    def has_child(self, node: str, run_id: str) -> None: ...


def values_of(run: RunInput) -> Values:
    """Return where this run reports the values of its nodes."""
    listen: Callable[[str, str], Values] | None = workflow.extern_functions().get(EXTERN_VALUES)
    if listen is None:
        return Untold()
    run_id = workflow.info().workflow_id
    return listen(root_of_run(run) or run_id, run_id)
