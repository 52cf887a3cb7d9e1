"""Reads the text that agents in other processes emit, from the heartbeats that the server shows of pending activities.

The server keeps the last heartbeat of an attempt, and puts none into the history. It is asked only while somebody is
subscribed: often while text comes, and seldom while none does.
"""

import asyncio
import logging
from collections.abc import AsyncIterator

import temporalio.api.enums.v1 as enums
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import WorkflowExecutionDescription

from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.contract.emitted_text import HEARTBEAT_TEXT_BYTES, EmittedText
from wand_orchestrator.contract.names import WORKFLOW_GRAPH_RUN, is_own_activity
from wand_orchestrator.errors import Unavailable

HEARTBEAT_LOOK_SEC = 0.25
"""Between two looks while text comes: a worker sends a heartbeat every 0.5 s at most."""

LONGEST_GAP_SEC = 1.0
"""Between two looks at a run with agents at work in other processes that emit nothing."""

NOTHING_THERE_SEC = 5.0
"""Between two looks at a run that has none."""

GROWTH = 1.5

MOST_RUNS = 16
"""Child runs that one look asks for; further ones have their turn at the next."""

DESCRIPTION_SEC = 5.0

LONGEST_DETAILS = HEARTBEAT_TEXT_BYTES + 32 * 1024
"""Bytes of a heartbeat that is read, what a payload codec adds included; another worker may say anything."""

_RUNNING = (
    enums.PendingActivityState.PENDING_ACTIVITY_STATE_STARTED,
    enums.PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED,
    enums.PendingActivityState.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED,
)

log = logging.getLogger(__name__)


class HeartbeatTexts:
    """Looks at the heartbeats of a run and its child runs. `workers`: identities of those in this process, whose text
    comes another way. `busy`: is told after each look whether others have agents at work; `gate` bounds the looks of
    this API process.
    """

    def __init__(self, run_id: str, executions: Executions, workers: set[str], gate: asyncio.Semaphore) -> None:
        self._run_id = run_id
        self._executions = executions
        self._workers = workers
        self._gate = gate
        self._children: list[str] = []
        self._pause = HEARTBEAT_LOOK_SEC
        self._scheduled = asyncio.Event()
        self.busy = False

    def scheduled(self) -> None:
        """Look soon: a node was scheduled. In a process with a worker of its own that is no sign of another one."""
        if not self._workers:
            self._scheduled.set()

    async def look(self) -> list[tuple[str, EmittedText]]:
        """Return the texts of agents at work elsewhere, by the node's name in the events of the run. What waits for a
        worker may come to one elsewhere.
        """
        self.busy = False
        self._scheduled.clear()
        return [found async for found in self._of_all()]

    async def pause(self, news: bool) -> None:
        """Wait until the next look. `news`: this one found text that was not known."""
        self._pause = HEARTBEAT_LOOK_SEC if news else min(self._pause * GROWTH, LONGEST_GAP_SEC)
        await asyncio.sleep(self._pause)
        if self.busy or news:
            return
        try:
            async with asyncio.timeout(NOTHING_THERE_SEC - self._pause):
                await self._scheduled.wait()
        except TimeoutError:
            return
        self._pause = HEARTBEAT_LOOK_SEC

    async def _of_all(self) -> AsyncIterator[tuple[str, EmittedText]]:
        """Look at the run and at some of its child runs, which the server tells with it."""
        described = await self._describe(self._run_id)
        if described is None:
            return
        async for found in self._of(described):
            yield found
        known = dict.fromkeys(self._children)
        turn, self._children = [*known, *(one for one in _children(described) if one not in known)], []
        for run_id in turn[:MOST_RUNS]:
            child = await self._describe(run_id)
            if child is not None and child.raw_description.pending_activities:
                async for found in self._of(child):
                    yield found
            if child is not None:
                self._children += _children(child)
        self._children = [*turn[MOST_RUNS:], *self._children]
        self.busy = self.busy or bool(self._children)

    async def _of(self, described: WorkflowExecutionDescription) -> AsyncIterator[tuple[str, EmittedText]]:
        for pending in described.raw_description.pending_activities:
            if is_own_activity(pending.activity_id) or pending.last_worker_identity in self._workers:
                continue
            self.busy = self.busy or pending.state != enums.PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED
            told = await self._told(pending) if pending.state in _RUNNING else None
            if told is not None:
                names = {described.id: pending.activity_id, **dict(told.above)}
                if self._run_id in names:
                    yield names[self._run_id], told

    async def _told(self, pending: PendingActivityInfo) -> EmittedText | None:
        """Return the text of this attempt; until its first heartbeat, the server shows that of the attempt before."""
        said = pending.heartbeat_details
        if len(said.payloads) != 3 or said.ByteSize() > LONGEST_DETAILS:
            return None
        converter = self._executions.client.data_converter
        try:
            _, attempt, told = await converter.decode(said.payloads, [str, int, EmittedText])
        except Exception:  # another worker may say what it likes, in any encoding
            log.debug("The heartbeat of %s is not one of Wand's", pending.activity_id, exc_info=True)
            return None
        return told if attempt == pending.attempt else None

    async def _describe(self, run_id: str) -> WorkflowExecutionDescription | None:
        async with self._gate:
            try:
                return await self._executions.describe(run_id, DESCRIPTION_SEC)
            except Unavailable as error:
                log.debug("the heartbeats of %s: %s", run_id, error.message)
                return None


def _children(described: WorkflowExecutionDescription) -> list[str]:
    return [
        child.workflow_id
        for child in described.raw_description.pending_children
        if child.workflow_type_name == WORKFLOW_GRAPH_RUN
    ]
