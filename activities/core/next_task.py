"""Ends a workflow task: a workflow that waits for an activity gets a new one when it ends."""

from temporalio import activity

from wand_orchestrator.contract.names import (
    ACTIVITY_NEXT_TASK,
)


@activity.defn(name=ACTIVITY_NEXT_TASK)
async def next_task() -> None:
    """Do nothing."""
