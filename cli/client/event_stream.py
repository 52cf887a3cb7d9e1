"""Reads a run's events and the text of its agents, and tells of lost connections."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from wand_orchestrator.cli.client.api_client import ApiClient
from wand_orchestrator.client._async.event_stream import AsyncRunFollower
from wand_orchestrator.contract.emitted_text import Delta
from wand_orchestrator.contract.events import Event
from wand_orchestrator.errors import Unavailable


async def follow(api: ApiClient, run_id: str, after: int = 0) -> AsyncGenerator[Event | Unavailable, None]:
    """Yield every event after `after`, up to the run's last. Between two connections it yields the error that broke the
    first.

    Raises NotFound for a run that is not there.
    """
    async with aclosing(AsyncRunFollower(api.connection, run_id, after, deltas=False).items()) as items:
        async for item in items:
            if not isinstance(item, Delta):
                yield item


async def follow_with_text(api: ApiClient, run_id: str) -> AsyncGenerator[Event | Delta | Unavailable, None]:
    """Yield what `follow` yields, and the text that agents emit while they run."""
    async with aclosing(AsyncRunFollower(api.connection, run_id, deltas=True).items()) as items:
        async for item in items:
            yield item
