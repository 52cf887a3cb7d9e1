"""The database of a process that Wand starts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wand_orchestrator.cli.processes.awaiting import available
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[Store]:
    """Open the store with its tables up to date; waits for a database that is away."""
    store = Store.open(settings.effective_database_url)
    try:
        await available(store.migrate)
        yield store
    finally:
        await store.close()
