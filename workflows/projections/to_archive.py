"""Writes the journal to the database, by an activity of the core worker.

Not a local one: that would run within a workflow task which may yet fail and be done anew, with another journal, after
its events were in the database. See docs/decisions/archive-activity.md.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from wand_orchestrator.contract.events import RUN_ENDINGS, Event
from wand_orchestrator.contract.ids import is_child_run_id
from wand_orchestrator.contract.names import (
    ACTIVITY_ARCHIVE,
    own_activity_id,
)
from wand_orchestrator.contract.run import Archive, RunInput, RunResult
from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.workflows.journal.journal import Journal
from wand_orchestrator.workflows.uncancelled import uncancelled

CHUNK = 500
"""Events in one activity: as a rule below the size from which on a payload is kept elsewhere."""

RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=10))
"""For ever: a run does not end before its journal is in the database."""


async def archive(journal: Journal, run: RunInput, result: RunResult | None = None, last: int | None = None) -> bool:
    """Write what the database does not have yet, up to the event `last`; return whether the run was asked to cancel
    meanwhile. With `last` the end of the run is left out, which is written together with the result.
    """
    cancelled = False
    while (events := _open_part(journal.unarchived(CHUNK), last)) and (last is None or events[0].seq <= last):
        document = Archive(
            run_id=workflow.info().workflow_id,
            graph_id=run.graph_id,
            name=run.graph.name,
            terms=_terms(run, events[0]),
            part_of=root_of_run(run),
            events=events,
            result=result,
        )
        writing = workflow.start_activity(
            ACTIVITY_ARCHIVE,
            document,
            activity_id=own_activity_id(f"archive-{events[-1].seq}"),
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RETRY,
            summary=f"events {events[0].seq} to {events[-1].seq} to the database",
        )
        cancelled = await uncancelled(writing) or cancelled
        journal.archived_to(events[-1].seq)
    return cancelled


def _open_part(events: tuple[Event, ...], last: int | None) -> tuple[Event, ...]:
    ends = last is not None and bool(events) and events[-1].type in RUN_ENDINGS
    return events[:-1] if ends else events


def _terms(run: RunInput, first: Event) -> RunTerms | None:
    """Return the terms to store of a run that had no row before it started. The input, which may be large, is sent
    once.
    """
    if run.created_at is not None:
        return None
    return run.terms if first.seq == 1 else run.without_input


def root_of_run(run: RunInput) -> str | None:
    """Return the topmost run that this child run is a part of."""
    if run.parent is None:
        return None
    root = workflow.info().root
    if root is None or not is_child_run_id(workflow.info().workflow_id, root.workflow_id):
        return run.parent.run_id
    return root.workflow_id
