"""Runs the research team of the examples offline, for `wand demo --agents`."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import typer

from wand_orchestrator.cli.client.api_client import ApiClient, Json, path_of
from wand_orchestrator.cli.client.event_stream import follow_with_text
from wand_orchestrator.cli.client.open_approvals import open_approvals
from wand_orchestrator.cli.demo.file_server import serve_file
from wand_orchestrator.cli.demo.research_script import answer
from wand_orchestrator.cli.demo.research_sources import PAGES, TOPIC
from wand_orchestrator.cli.processes.stack import Stack
from wand_orchestrator.contract.emitted_text import Delta
from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.contract.model_call import Price
from wand_orchestrator.errors import Unavailable
from wand_orchestrator.scripted_models import ModelServer

ALIAS = "demo"
MODELS_FILE = "models.json"
WRITER = "write"
REVIEW = "review"
PRICE = Price(input=1.0, output=4.0)
_TOLD = (EventType.NODE_SUCCEEDED, EventType.NODE_SKIPPED, EventType.NODE_FAILED, EventType.NODE_RETRYING)


@asynccontextmanager
async def scripted_models(folder: Path) -> AsyncIterator[ModelServer]:
    """Serve the models of the team, and write the file of aliases that names them, `models.json`, into the folder."""
    async with ModelServer(answer, price=PRICE).serving() as server:
        alias = {
            "model": "openai-chat:scripted",
            "base_url": server.openai_url,
            "usd_per_million": {"input": PRICE.input, "output": PRICE.output},
        }
        _write_aliases(folder, {ALIAS: alias})
        yield server


def _write_aliases(folder: Path, aliases: Json) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODELS_FILE).write_text(json.dumps(aliases))


async def researched(stack: Stack, graph: Json, server: ModelServer, keep: bool) -> bool:
    """Run the team, show what it does and what its writer writes as it comes; return whether there is a report."""
    async with AsyncExitStack() as files, ApiClient.open(stack.settings, stack.url) as api:
        sources = [
            await files.enter_async_context(serve_file(name, text.encode(), "text/plain"))
            for name, text in PAGES.items()
        ]
        input = {"topic": TOPIC, "sources": sources, "model": ALIAS}
        run_id = (await api.post("/runs", {"graph": graph, "input": input}))["run_id"]
        await _shown(api, run_id)
        view = await api.get(path_of("runs", run_id))
    if view["status"] != "succeeded":
        typer.echo(f"wand: the run {view['status']}: {view['error']['message']}", err=True)
        return False
    _tell_cost(view["usage"], server)
    if keep:  # without it, nothing answers there any more when it is read
        typer.echo(f"Run    {stack.url}/runs/{run_id}")
    return True


async def _shown(api: ApiClient, run_id: str) -> None:
    shown = ""
    async with aclosing(follow_with_text(api, run_id)) as items:
        async for item in items:
            if isinstance(item, Unavailable):
                typer.echo(item.message, err=True)
            elif isinstance(item, Delta):
                shown = _show_text(item, shown)
            else:
                await _show_event(api, run_id, item, shown)


def _show_text(delta: Delta, shown: str) -> str:
    """Print what is new of the writer's text; return all that is printed."""
    if not delta.node.startswith(f"{WRITER}["):
        return shown
    if not shown:
        typer.echo("\nThe report, as it is written:\n")
    whole = shown[: delta.offset] + delta.text
    typer.echo(whole[len(shown) :], nl=False)
    return whole


async def _show_event(api: ApiClient, run_id: str, event: Event, shown: str) -> None:
    if event.node == REVIEW and event.type is EventType.NODE_WAITING:
        await _agree(api, run_id)
    elif event.type in _TOLD and event.node is not None and not shown:
        typer.echo(event.message)


async def _agree(api: ApiClient, run_id: str) -> None:
    """Answer the approval, as somebody would with `wand runs respond`."""
    view = await api.get(path_of("runs", run_id))
    for asked in await open_approvals(api, view):
        typer.echo(f"\n{asked.prompt} The demo answers: yes.")
        answered: dict[str, Any] = {"answer": {"publish": True}}
        await api.post(path_of("runs", asked.run, "nodes", asked.node, "respond"), answered)


def _tell_cost(usage: Json, server: ModelServer) -> None:
    tokens = f"{usage['input_tokens']} tokens read, {usage['output_tokens']} written"
    typer.echo(f"\n\n{usage['requests']} calls of a model, {tokens}: ${usage['usd']:.6f}.")
    typer.echo(f"The server of the models counts {len(server.log)} calls and ${server.usd:.6f}.")
