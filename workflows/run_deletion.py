"""The workflow `RunDeletion`: what `DELETE /runs/{id}` does, for who operates runs from Temporal.

Temporal's own deletion of a workflow leaves the run in the database (docs/decisions/deleted-in-temporal.md).
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from wand_orchestrator.contract.names import (
    ACTIVITY_DELETE,
    WORKFLOW_RUN_DELETION,
)

RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=10))
"""For ever: while the database is away."""


@workflow.defn(name=WORKFLOW_RUN_DELETION)
class RunDeletion:
    """Deletes a run that has ended; fails, with the API's code, where there is none or it goes on."""

    @workflow.run
    async def run(self, run_id: str) -> None:
        await workflow.execute_activity(
            ACTIVITY_DELETE,
            run_id,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RETRY,
            summary=run_id,
        )
