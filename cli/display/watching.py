"""Follows a run to its end and reports how it ended."""

import asyncio
from contextlib import aclosing
from typing import Any

from rich.console import Console

from wand_orchestrator.cli.client.api_client import ApiClient, Json, path_of
from wand_orchestrator.cli.client.event_stream import follow, follow_with_text
from wand_orchestrator.cli.display.failure_view import indented, named
from wand_orchestrator.cli.display.output import console, plain, print_json
from wand_orchestrator.cli.display.run_display import RunDisplay
from wand_orchestrator.client._async.connection import FIRST_RECONNECT_SEC, LONGEST_PAUSE_SEC
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.errors import Unavailable


async def watched(api: ApiClient, run_id: str, graph: Any, watch: bool = True) -> Json:
    """Return the run once it has ended; its nodes are shown on standard error meanwhile."""
    display = RunDisplay(Console(stderr=True, quiet=not watch), run_id, graph)
    try:
        with display.shown():
            async with aclosing((follow_with_text if display.live else follow)(api, run_id)) as items:
                async for item in items:
                    display.take(item)
        return await _read(api, run_id)
    except asyncio.CancelledError:
        Console(stderr=True).print(f"The run goes on: {api.url}/runs/{run_id}", highlight=False, soft_wrap=True)
        raise


def report(view: Json) -> None:
    """Print the result or, on standard error, why there is none."""
    if view["result"] is not None:
        print_json(view["result"])
    if not succeeded(view):
        console(stderr=True).print(_ending(view), style="red", soft_wrap=True)


def succeeded(view: Json) -> bool:
    return bool(view["status"] == RunStatus.SUCCEEDED)


def _ending(view: Json) -> str:
    error = view["error"]
    if not error:
        return f"the run is {view['status']}"
    place = f" at {error['node']}" if error.get("node") else ""
    return plain(f"{view['status']}{place}: {named(error)}") + indented(error)


async def _read(api: ApiClient, run_id: str) -> Json:
    """Read the run, and try again while the API is away: it may restart just after the run's last event."""
    pause = FIRST_RECONNECT_SEC
    while True:
        try:
            return await api.get(path_of("runs", run_id))
        except Unavailable:
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SEC)
