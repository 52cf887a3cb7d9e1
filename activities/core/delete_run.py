"""Deletes runs that have ended from the database; an API then removes what lies elsewhere."""

from collections.abc import Awaitable, Callable

from temporalio import activity

from wand_orchestrator.activities.core.failing import application_errors
from wand_orchestrator.contract.names import (
    ACTIVITY_DELETE,
)
from wand_orchestrator.errors import NotFound
from wand_orchestrator.storage import Run, Store
from wand_orchestrator.storage.deletions import not_ended, part_of_another


def delete_activity(store: Store) -> Callable[[str], Awaitable[None]]:
    """Return the activity `wand.delete`; it fails, without a retry, for a run that does not exist or has not ended."""

    @activity.defn(name=ACTIVITY_DELETE)
    async def delete(run_id: str) -> None:
        with application_errors():
            try:
                _require_ended(run_id, await store.runs.get(run_id))
                await store.deletions.add(run_id)
            except NotFound:
                if activity.info().attempt == 1:  # a later attempt may find its own work done
                    raise

    return delete


def _require_ended(run_id: str, run: Run | None) -> None:
    """Raise unless the run has ended. An API records the end of a run that was ended from outside within some ten
    seconds.
    """
    if run is None:
        raise NotFound(f"there is no run {run_id}", code="run_not_found")
    if run.part_of is not None:
        raise part_of_another(run.part_of)
    if not run.status.ended:
        raise not_ended(run.status)
