"""Reads a run's events over SSE, each exactly once, across lost connections; and the text that its agents emit."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from http import HTTPStatus

import httpx

from wand_orchestrator.cli.client.api_client import ApiClient, Refused, path_of
from wand_orchestrator.contract.emitted_text import NODE_DELTA, Delta
from wand_orchestrator.contract.events import RUN_ENDINGS, Event
from wand_orchestrator.errors import Unavailable

STREAM_SILENCE_SEC = 40.0
"""The API sends a comment every 15 s; a connection that is silent for so long is dead."""

FIRST_RECONNECT_SEC = 0.2
LONGEST_PAUSE_SEC = 5.0

DATA = b"data:"
TYPE = b"event:"


async def follow(api: ApiClient, run_id: str, after: int = 0) -> AsyncGenerator[Event | Unavailable, None]:
    """Yield every event after `after`, up to the run's last. Between two connections it yields the error that broke the
    first.

    Raises Refused, such as for a run that is not there.
    """
    async with aclosing(_items(api, run_id, after, deltas=False)) as items:
        async for item in items:
            if not isinstance(item, Delta):
                yield item


def follow_with_text(api: ApiClient, run_id: str) -> AsyncGenerator[Event | Delta | Unavailable, None]:
    """Yield what `follow` yields, and the text that agents emit while they run."""
    return _items(api, run_id, 0, deltas=True)


async def _items(
    api: ApiClient, run_id: str, after: int, *, deltas: bool
) -> AsyncGenerator[Event | Delta | Unavailable, None]:
    last, pause = after, FIRST_RECONNECT_SEC
    path = path_of("runs", run_id, "stream") + ("" if deltas else "?deltas=false")
    while True:
        try:
            headers = {"Accept": "text/event-stream", "Last-Event-ID": str(last)}
            async with api.stream(path, headers, STREAM_SILENCE_SEC) as answer:
                if answer.status_code == HTTPStatus.NO_CONTENT:
                    return
                async for event in _events(answer):
                    pause = FIRST_RECONNECT_SEC
                    yield event
                    if isinstance(event, Delta):
                        continue
                    last = event.seq
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


async def _events(answer: httpx.Response) -> AsyncIterator[Event | Delta]:
    data: list[bytes] = []
    kind: type[Event | Delta] = Event
    async for line in _lines(answer):
        if line.startswith(DATA):
            data.append(line.removeprefix(DATA).removeprefix(b" "))
        elif line.startswith(TYPE):
            kind = Delta if line.removeprefix(TYPE).strip() == NODE_DELTA.encode() else Event
        elif not line and data:
            yield kind.model_validate_json(b"\n".join(data))
            data.clear()
            kind = Event


async def _lines(answer: httpx.Response) -> AsyncIterator[bytes]:
    """Yield lines that end with a line feed only: `httpx` would also split at U+2028 and the like within a message."""
    rest = b""
    async for chunk in answer.aiter_bytes():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")
