"""The archiver, an activity of the core worker: stores a run's events and its end."""

from collections.abc import Awaitable, Callable

from temporalio import activity
from temporalio.exceptions import ApplicationError

from wand_orchestrator.contract.names import (
    ACTIVITY_ARCHIVE,
)
from wand_orchestrator.contract.run import (
    Archive,
)
from wand_orchestrator.errors import NotFound, Unavailable
from wand_orchestrator.storage import Store

DATABASE_UNAVAILABLE = "database_unavailable"
"""Type of the failure that the workflow tries again until the database is back."""


def archive_activity(store: Store) -> Callable[[Archive], Awaitable[None]]:
    """Return the activity `wand.archive` over `store`; it is idempotent on (run, seq)."""

    @activity.defn(name=ACTIVITY_ARCHIVE)
    async def archive(archive: Archive) -> None:
        try:
            await store.archive.append(archive)
        except Unavailable as error:
            raise ApplicationError(error.message, type=DATABASE_UNAVAILABLE) from error
        except NotFound as error:
            activity.logger.info("nothing is archived: %s", error.message)

    return archive
