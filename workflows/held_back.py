"""Waits until nothing holds a run back: it is not paused, not stopping, and not about to continue in a new history."""

from collections.abc import Callable

from temporalio import workflow

from wand_orchestrator.workflows.patches import patched

PATCH_HELD_AGAIN = "held-back-when-going-on"


async def until_free(holds_back: Callable[[], bool]) -> None:
    """Wait until `holds_back` returns false, in the step in which the caller goes on, too.

    A condition is looked at when all other steps are done, and who waits for it goes on some steps later. One of them
    may have paused the run.
    """
    await workflow.wait_condition(lambda: not holds_back())
    while holds_back() and patched(PATCH_HELD_AGAIN):
        await workflow.wait_condition(lambda: not holds_back())
