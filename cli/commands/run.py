"""`wand run`: a graph from a file, run by an API that is up somewhere."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from cli.api_client import ApiClient

Url = Annotated[
    str | None, typer.Option(envvar="WAND_URL", help="Of the API. Default: where `wand dev` listens by the settings")
]
ApiKey = Annotated[str | None, typer.Option(help="Sent as X-API-Key. Default: WAND_API_KEY")]

_INTERRUPTED = 130


def run(
    file: Annotated[str, typer.Argument(help="Graph document (JSON); `-` reads it from standard input.")],
    input: Annotated[str | None, typer.Option(help="The run's input: JSON, or `@` and a file of it.")] = None,
    watch: Annotated[bool, typer.Option(help="Show every node while it runs.")] = True,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Run a graph and wait for its end. The result goes to standard output, all else to standard error; the exit
    status is 0 only if the run succeeded."""
    from cli.document import read_argument, read_document

    body: dict[str, Any] = {"graph": read_document(file)}
    if input is not None:
        body["input"] = read_argument(input)
    try:
        succeeded = asyncio.run(_run(body, watch, url, api_key))
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None
    raise typer.Exit(0 if succeeded else 1)


async def _run(body: dict[str, Any], watch: bool, url: str | None, api_key: str | None) -> bool:
    from rich.console import Console

    from cli.api_client import ApiClient, Refused
    from cli.configuration import settings_with
    from cli.fault_table import print_faults

    console = Console(stderr=True)
    async with ApiClient.open(settings_with(), url, api_key) as api:
        try:
            run_id = (await api.post("/runs", body))["run_id"]
        except Refused as error:
            if error.faults:
                print_faults(console, error.faults, "Faults")
            raise
        view = await watched(api, run_id, body["graph"], watch)
    typer.echo(json.dumps(view["result"], indent=2, ensure_ascii=False))
    if view["error"]:
        console.print(_failure(view["error"]), style="red", highlight=False, markup=False)
    return bool(view["status"] == "succeeded")


async def watched(api: "ApiClient", run_id: str, graph: Any, watch: bool) -> dict[str, Any]:
    """The run as it ended."""
    from rich.console import Console

    from cli.event_stream import follow
    from cli.run_display import RunDisplay

    display = RunDisplay(Console(stderr=True, quiet=not watch), run_id, graph)
    try:
        with display.shown():
            async for item in follow(api, run_id):
                display.take(item)
    except asyncio.CancelledError:
        Console(stderr=True).print(f"The run goes on: {api.url}/runs/{run_id}", highlight=False)
        raise
    return await api.get(f"/runs/{run_id}")


def _failure(error: dict[str, Any]) -> str:
    place = f" at {error['node']}" if error.get("node") else ""
    return f"failed{place}: {error['message']} ({error['code']})"
