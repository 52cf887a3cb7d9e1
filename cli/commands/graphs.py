"""`wand graphs validate`: what is wrong with a graph, before anybody runs it."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.commands.run import ApiKey, Url

if TYPE_CHECKING:
    from wand_orchestrator.errors import FaultLike

app = typer.Typer(help="Graph documents.", no_args_is_help=True)


@app.callback()
def _graphs() -> None:
    """Makes `validate` a command of its own name."""


@app.command()
def validate(
    file: Annotated[str, typer.Argument(help="Graph document (JSON); `-` reads it from standard input.")],
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Print every fault with its place in the document; exit status 1 if there is one. With --url, by the agents that
    are installed there, else by those that are installed here."""
    from rich.console import Console

    from cli.document import read_document
    from cli.fault_table import print_faults

    document = read_document(file)
    faults, warnings = _here(document) if url is None else asyncio.run(_there(document, url, api_key))
    console = Console()
    if warnings:
        print_faults(console, warnings, "Warnings")
    if faults:
        print_faults(console, faults, "Faults")
        raise typer.Exit(1)
    console.print(f"{file}: a graph of {len(document['nodes'])} nodes without a fault", highlight=False, markup=False)


Found = tuple[Sequence["FaultLike"], Sequence["FaultLike"]]
"""Faults, and warnings."""


def _here(document: Any) -> Found:
    from cli.configuration import settings_with
    from wand_orchestrator.registry import Registry
    from wand_orchestrator.validation import check_graph

    settings = settings_with()
    agents = Registry.load(settings).agents
    checked = check_graph(document, agents, max_nodes=settings.max_nodes, max_edges=settings.max_edges)
    return checked.faults, checked.warnings


async def _there(document: Any, url: str, api_key: str | None) -> Found:
    from cli.api_client import ApiClient, ListedFault
    from cli.configuration import settings_with

    async with ApiClient.open(settings_with(), url, api_key) as api:
        checked = await api.post("/graphs/validate", document)
    faults, warnings = ([ListedFault(**fault) for fault in checked[key]] for key in ("faults", "warnings"))
    return faults, warnings
