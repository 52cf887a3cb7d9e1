"""Tells child runs whether a run that they are a part of is ending, so that they start nothing more."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from wand_orchestrator.contract.names import ACTIVITY_IS_ENDING, WORKFLOW_GRAPH_RUN

TOLD_AGAIN_SEC = 0.5
"""How long what Temporal told of a run is used again: the children of one run ask for it all at once."""

RPC_TIMEOUT = timedelta(seconds=5)


@dataclass(frozen=True)
class _Standing:
    """Contains whether a run is being cancelled or has ended, and the run that it is a part of."""

    is_ending: bool
    parent: str | None


class EndingRuns:
    """Asks Temporal about runs for one worker: once in `TOLD_AGAIN_SEC` for each, however many activities want it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._asked: dict[str, asyncio.Task[_Standing]] = {}

    async def is_ending(self, run_id: str) -> bool:
        """Return whether the run, or one that it is a part of, is being cancelled or has ended. Raises RPCError."""
        above: str | None = run_id
        while above is not None:
            standing = await asyncio.shield(self._asking(above))
            if standing.is_ending:
                return True
            above = standing.parent
        return False

    def _asking(self, run_id: str) -> "asyncio.Task[_Standing]":
        if (asking := self._asked.get(run_id)) is None:
            asking = self._asked[run_id] = asyncio.create_task(self._ask(run_id))
            asking.add_done_callback(lambda task: self._keep(run_id, task))
        return asking

    def _keep(self, run_id: str, asked: "asyncio.Task[_Standing]") -> None:
        if asked.cancelled() or asked.exception() is not None:  # those who wait for it hear of it
            del self._asked[run_id]
        else:
            asyncio.get_running_loop().call_later(TOLD_AGAIN_SEC, self._asked.pop, run_id)

    async def _ask(self, run_id: str) -> _Standing:
        try:
            described = await self._client.get_workflow_handle(run_id).describe(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return _Standing(True, None)
            raise
        if described.workflow_type != WORKFLOW_GRAPH_RUN:  # a workflow of somebody else, who decides what it ends
            return _Standing(False, None)
        cancelled = described.raw_description.workflow_extended_info.cancel_requested
        return _Standing(cancelled or described.status is not WorkflowExecutionStatus.RUNNING, described.parent_id)


def is_ending_activity(client: Client) -> Callable[[str], Awaitable[bool]]:
    """Return the activity `wand.is_ending`."""
    runs = EndingRuns(client)

    @activity.defn(name=ACTIVITY_IS_ENDING)
    async def is_ending(run_id: str) -> bool:
        return await runs.is_ending(run_id)

    return is_ending
