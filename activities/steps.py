"""Suspends Python's search for cycles of objects during the steps of workflows.

It looks where the number of new objects reaches a threshold, so mostly in the step that reads or restores a large run;
with some such runs in memory that takes several times as long as the step itself. Afterwards it looks in the thread of
the event loop, and the step has ended by then.
"""

import asyncio
import gc
from typing import Any

from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstance, WorkflowInstanceDetails


class UndisturbedRunner(UnsandboxedWorkflowRunner):
    """Runs workflows without a sandbox (docs/decisions/no-sandbox.md)."""

    def __init__(self) -> None:
        self._steps = 0

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        instance = super().create_instance(det)
        activate, loop = instance.activate, asyncio.get_running_loop()

        def undisturbed(act: Any) -> Any:
            loop.call_soon_threadsafe(self._begin)
            gc.disable()
            try:
                return activate(act)
            finally:
                loop.call_soon_threadsafe(self._end)

        instance.activate = undisturbed  # type: ignore[method-assign]  # the SDK looks into what it is given
        return instance

    def _begin(self) -> None:
        """Begin a step: suspend the search. Called only in the loop's thread, which the SDK lets wait for each step."""
        self._steps += 1
        gc.disable()

    def _end(self) -> None:
        self._steps -= 1
        if self._steps == 0:
            gc.enable()
