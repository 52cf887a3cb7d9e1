"""Exceptions of runs that one waits for."""

from wand_orchestrator.client.answers.runs import RunView
from wand_orchestrator.contract.state import Failure
from wand_orchestrator.errors import WandError


class RunFailed(WandError):
    """The run ended without success: it failed, was cancelled or terminated, or took longer than it may.

    `run` is the run as it ended. `error_code` and `node` say what failed, and where; they are None of a run that
    somebody stopped.
    """

    code = "run_failed"

    def __init__(self, run: RunView) -> None:
        self.run = run
        self.run_id = run.run_id
        self.run_status = run.status
        self.error: Failure | None = run.error
        self.error_code = run.error.code if run.error else None
        self.node = run.error.node if run.error else None
        place = f" at {self.node}" if self.node else ""
        reason = f": {run.error.sentence}" if run.error else ""
        super().__init__(f"the run {run.run_id} is {run.status}{place}{reason}", run_id=run.run_id, node=self.node)


class WaitTimeout(WandError):
    """The run has not ended within the time that the caller waits. It goes on; `run_id` names it."""

    code = "wait_timeout"

    def __init__(self, run_id: str, timeout: float) -> None:
        super().__init__(f"the run {run_id} has not ended within {timeout:g} s, and goes on", run_id=run_id)
        self.run_id = run_id
