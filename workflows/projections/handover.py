"""Passes a run's journal to all that show or store it: the parent, the database, the webhook, Temporal's lists."""

import asyncio
from typing import Any

from temporalio import workflow

from wand_orchestrator.contract.run import RunInput, RunResult
from wand_orchestrator.workflows.journal.journal import Journal
from wand_orchestrator.workflows.patches import patched
from wand_orchestrator.workflows.projections.to_archive import archive
from wand_orchestrator.workflows.projections.to_inbox import Inbox
from wand_orchestrator.workflows.projections.to_parent import Forwarder
from wand_orchestrator.workflows.projections.to_search_attributes import Visibility
from wand_orchestrator.workflows.projections.to_webhook import Notifier
from wand_orchestrator.workflows.uncancelled import uncancelled

PATCH_UPDATES_FIRST = "updates-before-end"


class Handover:
    """Passes the journal on: `look` while the run goes on, `finish` before it ends or continues as new.

    `carried`: what `carry` returned in the previous history. `begin` sets the run that the journal is of.
    """

    def __init__(self, journal: Journal, run: RunInput, carried: dict[str, Any] | None) -> None:
        self._journal = journal
        self._forwarder = Forwarder(journal, run.parent, carried)
        self._visibility = Visibility(journal)
        self._finishing = False

    def begin(self, run: RunInput) -> None:
        """Set the run, also again when more of it is known, as its graph; nothing has been passed on by then."""
        self._run = run
        self._notifier = Notifier(self._journal, run)
        self._inbox = Inbox(self._journal, self.write_ahead)
        self._writing: asyncio.Future[bool] | None = None

    def carry(self) -> dict[str, Any]:
        return self._forwarder.carry()

    def look(self) -> None:
        """Pass on what was added to the journal."""
        self._forwarder.look()
        self._notifier.look()
        self._visibility.look()
        if not self._finishing:
            self._inbox.look()

    def write_ahead(self) -> "asyncio.Future[bool]":
        """Start to write what has happened so far to the database, after what is being written."""
        last = self._journal.state.last_seq
        self._writing = asyncio.ensure_future(self._write_after(self._writing, last))
        return self._writing

    async def finish(self, result: RunResult | None = None) -> bool:
        """Pass on all events, also those that are added meanwhile, once all updates are answered; return whether the
        run was asked to cancel meanwhile.
        """
        self._finishing = True
        cancelled, handed_over = await _finish_updates(), None
        if self._writing is not None:
            cancelled = await uncancelled(self._writing) or cancelled
        while handed_over != self._journal.state.last_seq:
            handed_over = self._journal.state.last_seq
            cancelled = await self._forwarder.flush() or cancelled
            cancelled = await archive(self._journal, self._run, result) or cancelled
            cancelled = await self._notifier.flush() or cancelled
            cancelled = await _finish_updates() or cancelled
        self._visibility.look()
        self._finishing = False
        return cancelled

    async def _write_after(self, before: "asyncio.Future[bool] | None", last: int) -> bool:
        """Write one after the other: two at once would write the same events."""
        cancelled = before is not None and not before.done() and await before
        return await archive(self._journal, self._run, last=last) or cancelled


async def _finish_updates() -> bool:
    """Wait until all updates are answered; return whether the run was asked to cancel meanwhile."""
    if workflow.all_handlers_finished() or not patched(PATCH_UPDATES_FIRST):
        return False
    return await uncancelled(asyncio.ensure_future(workflow.wait_condition(workflow.all_handlers_finished)))
