"""Watches the history of a run, across its executions, for accepted workflow tasks.

To long-poll it costs the run nothing. What the workflow said in a task stands in no history: it is heard, or asked for.
"""

import logging

from wand_orchestrator.api.stream.backoff import Backoff
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.api.temporal.history import HistoryStep, poll
from wand_orchestrator.errors import NotFound, Unavailable

log = logging.getLogger(__name__)


class HistoryWatch:
    """Watches the history of a run. `execution`: the current one. `accepted`: the id of the start of its newest
    workflow task that was accepted, by `worker`; 0 and "" before the first.
    """

    def __init__(self, run_id: str, executions: Executions) -> None:
        self.run_id = run_id
        self._executions = executions
        self._token: bytes | None = None
        self._pinned: str | None = None
        self.execution = ""
        self.accepted = 0
        self.worker = ""

    async def next(self) -> HistoryStep:
        """Wait for news in the history, for about 20 s at most. The first call returns what is there.

        What Temporal does not know now is `over`: it ended without a trace, or is yet to be started.
        """
        backoff = Backoff()
        while True:
            try:
                step = await poll(self._executions.client, self.run_id, self._pinned, self._token)
            except NotFound:
                return HistoryStep(over=True)
            except Unavailable as error:
                log.debug("the history of %s: %s", self.run_id, error.message)
                await backoff.wait()
            else:
                self._note(step)
                return step

    def restart(self) -> None:
        """Restart with the run's newest execution."""
        self._enter("", None)

    def _note(self, step: HistoryStep) -> None:
        if step.successor:
            self._enter(step.successor, step.successor)
            return
        self._token = step.token
        self.execution = step.began or self.execution
        if step.tasks:
            self.accepted, self.worker = step.tasks[-1].start, step.tasks[-1].worker

    def _enter(self, execution: str, pinned: str | None) -> None:
        self._pinned, self._token = pinned, None
        self.execution, self.accepted, self.worker = execution, 0, ""
