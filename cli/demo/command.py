"""`wand demo`: the whole product on a real data set, through the public API, in one command."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from wand_orchestrator.cli.processes.stack import Stack
    from wand_orchestrator.settings import Settings

FOLDER = "demo"

_OWN = {"database_url": None, "artifacts_url": None, "payloads_url": None, "api_key": None, "cors_origins": ""}
"""Whatever is set for real work: all of the demo lies in its own folder, and its API is for this command."""


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Stay up until Ctrl-C, to look around.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Folder for its state. Default: .wand/demo")] = None,
    agents: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Run examples/research.json instead, with scripted models."),
    ] = None,
) -> None:
    """Fetch a data set, analyze it and chart it: an embedded stack on free ports, and a graph sent to its API."""
    from wand_orchestrator.cli.processes import logs
    from wand_orchestrator.cli.processes.configuration import settings_with

    settings = settings_with()
    settings = settings_with(
        data_dir=data_dir or settings.data_dir / FOLDER,
        host="127.0.0.1",
        port=0,
        fetch_allow="127.0.0.1",
    ).model_copy(update=_OWN)
    logs.configure("warning")
    raise typer.Exit(0 if asyncio.run(_demo(settings, keep, agents)) else 1)


async def _demo(settings: "Settings", keep: bool, agents: Path | None) -> bool:
    from wand_orchestrator.cli.processes.stop_signal import run_until_stopped

    succeeded = False

    async def show() -> None:
        nonlocal succeeded
        typer.echo("Starting Temporal, a worker and the API …", err=True)
        async with _opened(settings, keep, agents) as (stack, work):
            succeeded = await work
            if keep:
                typer.echo("Ctrl-C ends it.")
                raise await stack.ended()
            typer.echo(f"Ends now. To look around: wand dev --data-dir {settings.data_dir}, and then wand runs list")

    await run_until_stopped(show())
    return succeeded


@asynccontextmanager
async def _opened(
    settings: "Settings", keep: bool, agents: Path | None
) -> "AsyncIterator[tuple[Stack, Awaitable[bool]]]":
    """Start the stack, and what the work needs beside it; yield both."""
    from wand_orchestrator.cli.processes.stack import embedded_stack

    if agents is None:
        async with embedded_stack(settings) as stack:
            yield stack, _charted(stack, keep)
        return
    from wand_orchestrator.cli.client.document_file import read_document
    from wand_orchestrator.cli.demo.research_team import MODELS_FILE, researched, scripted_models

    graph = read_document(str(agents))
    async with scripted_models(settings.data_dir) as server:
        with_models = settings.model_copy(update={"models": settings.data_dir / MODELS_FILE})
        async with embedded_stack(with_models) as stack:
            yield stack, researched(stack, graph, server, keep)


async def _charted(stack: "Stack", keep: bool) -> bool:
    from wand_orchestrator.cli.client.api_client import ApiClient
    from wand_orchestrator.cli.demo.data_set import NAME, seattle_weather
    from wand_orchestrator.cli.demo.file_server import serve_file
    from wand_orchestrator.cli.display.watching import watched

    async with (
        serve_file(NAME, seattle_weather(), "text/csv") as url,
        ApiClient.open(stack.settings, stack.url) as api,
    ):
        graph = demo_graph(url)
        run_id = (await api.post("/runs", {"graph": graph}))["run_id"]
        view = await watched(api, run_id, graph)
    if view["status"] != "succeeded":
        typer.echo(f"wand: the run {view['status']}: {view['error']['message']}", err=True)
        return False
    _show(stack, run_id, view["result"]["outputs"], keep)
    return True


def demo_graph(url: str) -> dict[str, Any]:
    """Return the graph of the demo: fetch, analyze, chart. `url`: of the data set."""
    spec = {"kind": "line", "title": "Seattle: highest temperature of the day, monthly mean", "x": "", "y": "°C"}
    return {
        "name": "demo",
        "nodes": [
            {"id": "fetch", "type": "agent.fetch", "params": {"url": url}},
            {
                "id": "analyze",
                "type": "agent.analyze",
                "params": {"x": "date", "y": "temp_max", "aggregate": "mean", "by": "month"},
            },
            {"id": "chart", "type": "agent.chart", "params": {"spec": spec}},
        ],
        "edges": [
            {"from": "fetch", "to": "analyze", "map": {"text": "body"}},
            {"from": "analyze", "to": "chart", "map": {"series": "insights"}},
        ],
        "options": {"concurrency": 2, "default_timeout_sec": 60, "max_retries": 1},
        "sinks": ["analyze", "chart"],
    }


def _show(stack: "Stack", run_id: str, outputs: dict[str, Any], keep: bool) -> None:
    from rich.console import Console

    from wand_orchestrator.cli.display.plot import plot
    from wand_orchestrator.cli.display.welcome import links

    points = outputs["analyze"]["insights"]
    chart = outputs["chart"]["chart_url"]
    file = stack.settings.data_dir.resolve() / "artifacts" / run_id / "@chart" / chart.rpartition("/")[2]
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"\nSeattle, highest temperature of the day in °C, monthly means: {len(points)} months", style="bold")
    console.print(plot([point["y"] for point in points]), markup=False)
    console.print(f"{points[0]['x']} to {points[-1]['x']}\n", style="dim")
    if keep:  # without it, nothing answers at these links any more when they are read
        console.print(links(stack))
        console.print(f"Run    {stack.url}/runs/{run_id}\nChart  {stack.url}{chart}", markup=False)
    console.print(f"File   {file}", markup=False)
