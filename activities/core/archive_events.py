"""Implements the archiver, an activity of the core worker: stores a run's events and its end."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext

from temporalio import activity

from wand_orchestrator.activities.core.failing import application_errors
from wand_orchestrator.activities.core.keep_values import ValueKeeper
from wand_orchestrator.contract.names import (
    ACTIVITY_ARCHIVE,
)
from wand_orchestrator.contract.run import (
    Archive,
)
from wand_orchestrator.errors import NotFound
from wand_orchestrator.storage import Store


def archive_activity(store: Store, values: ValueKeeper | None = None) -> Callable[[Archive], Awaitable[None]]:
    """Return the activity `wand.archive` over `store`; it is idempotent on (run, seq).

    `values`: what of the run's nodes waits in this process to be stored, is stored with it.
    """

    @activity.defn(name=ACTIVITY_ARCHIVE)
    async def archive(archive: Archive) -> None:
        async with nullcontext(()) if values is None else values.taken(archive.run_id) as nodes:
            with application_errors():
                try:
                    await store.archive.append(archive, nodes)
                except NotFound as error:
                    activity.logger.info("nothing is archived: %s", error.message)

    return archive
