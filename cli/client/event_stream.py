"""Reads a run's events over SSE, each exactly once, across lost connections."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from http import HTTPStatus

import httpx

from wand_orchestrator.cli.client.api_client import ApiClient, Refused, path_of
from wand_orchestrator.contract.events import RUN_ENDINGS, Event
from wand_orchestrator.errors import Unavailable

STREAM_SILENCE_SEC = 40.0
"""The API sends a comment every 15 s; a connection that is silent for so long is dead."""

FIRST_RECONNECT_SEC = 0.2
LONGEST_PAUSE_SEC = 5.0

DATA = b"data:"


async def follow(api: ApiClient, run_id: str, after: int = 0) -> AsyncGenerator[Event | Unavailable, None]:
    """Yield every event after `after`, up to the run's last. Between two connections it yields the error that broke the
    first.

    Raises Refused, such as for a run that is not there.
    """
    last, pause = after, FIRST_RECONNECT_SEC
    while True:
        try:
            headers = {"Accept": "text/event-stream", "Last-Event-ID": str(last)}
            async with api.stream(path_of("runs", run_id, "stream"), headers, STREAM_SILENCE_SEC) as answer:
                if answer.status_code == HTTPStatus.NO_CONTENT:
                    return
                async for event in _events(answer):
                    last, pause = event.seq, FIRST_RECONNECT_SEC
                    yield event
                    if event.type in RUN_ENDINGS:
                        return
        except Unavailable as error:
            yield _lost(api, str(error.__cause__ or error.message))
        except Refused as error:
            if error.http_status != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            yield _lost(api, error.message)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SEC)


def _lost(api: ApiClient, reason: str) -> Unavailable:
    """Return the error for a lost connection; the reader reconnects, and the run is not affected."""
    return Unavailable("api", f"the connection to {api.url} is lost ({reason or 'no answer'}): trying again")


async def _events(answer: httpx.Response) -> AsyncIterator[Event]:
    data: list[bytes] = []
    async for line in _lines(answer):
        if line.startswith(DATA):
            data.append(line.removeprefix(DATA).removeprefix(b" "))
        elif not line and data:
            yield Event.model_validate_json(b"\n".join(data))
            data.clear()


async def _lines(answer: httpx.Response) -> AsyncIterator[bytes]:
    """Yield lines that end with a line feed only: `httpx` would also split at U+2028 and the like within a message."""
    rest = b""
    async for chunk in answer.aiter_bytes():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")
