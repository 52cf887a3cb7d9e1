"""A run's events over SSE, each exactly once, whatever becomes of the connection."""

import asyncio
from collections.abc import AsyncIterator

from cli.api_client import ApiClient
from wand_orchestrator.errors import Unavailable
from wand_orchestrator.events import RUN_ENDINGS, Event

SILENCE_SEC = 40.0
"""The API sends a comment every 15 s; a connection that is silent for so long is dead."""

FIRST_PAUSE_SEC = 0.2
LONGEST_PAUSE_SEC = 5.0

DATA = "data:"


async def follow(api: ApiClient, run_id: str) -> AsyncIterator[Event | Unavailable]:
    """Every event from the first to the run's last. Between two connections it gives what kept it from reading on.

    Raises Refused, such as for a run that is not there.
    """
    last, pause = 0, FIRST_PAUSE_SEC
    while True:
        try:
            async for event in _connection(api, run_id, last):
                last, pause = event.seq, FIRST_PAUSE_SEC
                yield event
                if event.type in RUN_ENDINGS:
                    return
        except Unavailable as error:
            yield error
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SEC)


async def _connection(api: ApiClient, run_id: str, last: int) -> AsyncIterator[Event]:
    """What one connection brings after the event `last`."""
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(last)}
    async with api.stream(f"/runs/{run_id}/stream", headers, SILENCE_SEC) as answer:
        data: list[str] = []
        async for line in answer.aiter_lines():
            if line.startswith(DATA):
                data.append(line.removeprefix(DATA).removeprefix(" "))
            elif not line and data:
                yield Event.model_validate_json("\n".join(data))
                data.clear()
