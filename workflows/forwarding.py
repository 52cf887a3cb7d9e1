"""Passes the events of a child run on to its parent's journal, so that who watches the parent sees them."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError

from wand_orchestrator.contract import SIGNAL_CHILD_EVENTS, ChildEvents, RunParent
from workflows.journal import Journal

PAGE = 500
PAUSE = timedelta(milliseconds=250)
"""Between two signals: each costs both histories events."""


class Forwarder:
    """`look` at every turn of the loop; `flush` before the run ends or goes on in a new history."""

    def __init__(self, journal: Journal, parent: RunParent | None) -> None:
        self._journal = journal
        self._parent = parent
        self._sent = journal.state.last_seq
        self._sending: asyncio.Future[None] | None = None

    def look(self) -> None:
        """Start sending, if there is something to send and nothing is being sent."""
        if self._parent is None or self._sending is not None or self._sent == self._journal.state.last_seq:
            return
        self._sending = asyncio.ensure_future(self._keep_sending(self._parent))

    async def flush(self) -> None:
        """Send all there is; whatever cancels the run meanwhile, its last events go out."""
        if self._parent is None:
            return
        if self._sending is not None:
            self._sending.cancel()
        await asyncio.shield(asyncio.ensure_future(self._send(self._parent)))

    async def _keep_sending(self, parent: RunParent) -> None:
        try:
            while self._sent < self._journal.state.last_seq:
                await self._send(parent)
                await workflow.sleep(PAUSE, summary="events to the parent run")
        finally:
            self._sending = None

    async def _send(self, parent: RunParent) -> None:
        handle = workflow.get_external_workflow_handle(parent.run_id)
        while events := self._journal.page(self._sent, PAGE).events:
            self._sent = events[-1].seq
            try:
                await handle.signal(SIGNAL_CHILD_EVENTS, ChildEvents(node=parent.node, events=events))
            except FailureError as error:
                workflow.logger.warning("the parent run %s takes no events: %s", parent.run_id, error)
