"""Decides whether a run that Temporal does not know was deleted there, or belongs to another namespace.

An address may lead to another Temporal than before: by mistake, or because a test server lost its state. A run of the
one before has not ended for that. So the database notes when it first saw each namespace, by the id that Temporal gave
it.
"""

from datetime import UTC, datetime

from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.storage import RunHead, Store


class Origin:
    def __init__(self, executions: Executions, store: Store) -> None:
        self._executions = executions
        self._store = store
        self._began = datetime.now(UTC)

    async def note(self, seconds: float) -> datetime:
        """Return when this namespace was first seen, and record it if it is seen now for the first time. Raises
        Unavailable.
        """
        return await self._store.namespaces.first_seen(await self._executions.namespace_id(seconds), self._began)

    async def had(self, run: RunHead, seconds: float) -> bool:
        """Return whether the run began in this namespace. Raises Unavailable."""
        if run.status is RunStatus.PENDING or run.started_at is None:
            return False
        return run.started_at >= await self.note(seconds)
