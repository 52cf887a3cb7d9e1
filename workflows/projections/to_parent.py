"""Passes the events of a child run on to its parent's journal, so that watchers of the parent see them."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import FailureError

from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.run import (
    RunParent,
)
from wand_orchestrator.contract.steering import (
    SIGNAL_CHILD_EVENTS,
    ChildEvents,
)
from wand_orchestrator.workflows.journal.journal import Journal
from wand_orchestrator.workflows.patches import patched
from wand_orchestrator.workflows.uncancelled import uncancelled

PAGE = 500
PAUSE = timedelta(milliseconds=250)
GROWTH = timedelta(milliseconds=25)
"""Between two signals: each costs both histories events. So the pause grows with every signal: in an hour there are
some 500, in a day some 2,600."""

AT_ONCE = 200
"""Signals without a pause, so that what a run of usual length does is seen as it does it: the server lets the shortest
timer take a second."""

PATCH = "child-events-at-once"


class Forwarder:
    """Forwards events: call `look` at every turn of the loop, and `flush` before the run ends or continues as new.

    `carried`: what `carry` gave in the history before this one.
    """

    def __init__(self, journal: Journal, parent: RunParent | None, carried: dict[str, Any] | None) -> None:
        self._journal = journal
        self._parent = parent
        self._sent = journal.state.last_seq
        self._sending: asyncio.Future[None] | None = None
        self._lock = asyncio.Lock()
        self._signals: int = carried["signals"] if carried else 0

    def carry(self) -> dict[str, Any]:
        return {"signals": self._signals}

    def look(self) -> None:
        """Start sending, if there is something to send and nothing is being sent."""
        if self._parent is None or self._sending is not None or self._sent == self._journal.state.last_seq:
            return
        self._sending = asyncio.ensure_future(self._keep_sending(self._parent))

    async def flush(self) -> bool:
        """Send all events, even if the run is cancelled meanwhile; return whether it was."""
        if self._parent is None:
            return False
        if self._sending is not None:
            self._sending.cancel()
        return await uncancelled(asyncio.ensure_future(self._send(self._parent)))

    async def _keep_sending(self, parent: RunParent) -> None:
        try:
            while self._sent < self._journal.state.last_seq:
                # A signal that is cancelled before it has left takes its events with it.
                await asyncio.shield(asyncio.ensure_future(self._send(parent)))
                if (pause := self._pause()) is not None:
                    await workflow.sleep(pause, summary="events to the parent run")
        finally:
            self._sending = None

    def _pause(self) -> timedelta | None:
        if not patched(PATCH):
            return PAUSE + self._signals * GROWTH
        return None if self._signals <= AT_ONCE else PAUSE + (self._signals - AT_ONCE) * GROWTH

    async def _send(self, parent: RunParent) -> None:
        async with self._lock:
            while events := self._journal.page(self._sent, PAGE).events:
                self._sent = events[-1].seq
                self._signals += 1
                await self._signal(parent, events)

    async def _signal(self, parent: RunParent, events: tuple[Event, ...]) -> None:
        happened = ChildEvents(node=parent.node, run_id=workflow.info().workflow_id, events=events)
        try:
            await workflow.get_external_workflow_handle(parent.run_id).signal(SIGNAL_CHILD_EVENTS, happened)
        except FailureError as error:
            workflow.logger.warning("the parent run %s takes no events: %s", parent.run_id, error)
