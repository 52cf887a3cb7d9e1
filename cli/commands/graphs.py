"""`wand graphs`: checks graphs without running them, writes them from programs, and lists, shows and stores them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wand_orchestrator.cli.client.options import ApiKey, AsJson, GraphArgument, GraphFile, Limit, Url
from wand_orchestrator.cli.commands.draw import draw_graph

if TYPE_CHECKING:
    from wand_orchestrator.errors import FaultLike

app = typer.Typer(help="Graph documents, checked, drawn and stored.", no_args_is_help=True)
app.command("draw")(draw_graph)


@app.command()
def validate(file: GraphFile, url: Url = None, api_key: ApiKey = None) -> None:
    """Print every fault with its place in the document; exit status 1 if there is one. With --url, by the agents and
    the stored graphs that an API has, else by the agents that are installed here."""
    from wand_orchestrator.cli.client.document_file import read_text
    from wand_orchestrator.cli.display.fault_table import print_faults
    from wand_orchestrator.cli.display.output import console, plain

    read = read_text(file)
    document = read.value
    faults, warnings, unchecked = faults_here(document) if url is None else _there(document, url, api_key)
    out = console()
    if unchecked:
        names = ", ".join(map(plain, unchecked))
        typer.echo(
            f"Not checked here: whether there are the stored graphs {names}. With --url an API checks it", err=True
        )
    if warnings:
        print_faults(out, read.placed(warnings), "Warnings")
    if faults:
        print_faults(out, read.placed(faults), "Faults")
        raise typer.Exit(1)
    count = len(document["nodes"])
    out.print(f"{file}: a graph of {count} node{'' if count == 1 else 's'} without a fault")


@app.command()
def new(
    source: Annotated[
        str, typer.Option("--from", metavar="MODULE:FUNCTION", help="A function that returns a GraphBuilder.")
    ],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to write it.")] = None,
) -> None:
    """Write the document of a graph that a program builds, checked by the agents that are installed here."""
    from wand_orchestrator.builder import BuildFaults
    from wand_orchestrator.cli.client.graph_program import built_document
    from wand_orchestrator.cli.display.output import console, print_json
    from wand_orchestrator.cli.display.table import print_table

    try:
        document = built_document(source)
    except BuildFaults as error:
        rows = [(each.place, each.node, each.code, each.message) for each in error.faults]
        print_table(("place", "node", "code", "what"), rows, on=console(stderr=True), title="Faults")
        raise typer.Exit(1) from error
    if output is None:
        print_json(document)
    else:
        output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@app.command("list")
def list_graphs(
    name: Annotated[str | None, typer.Option(help="Only versions of this name.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """List the stored graphs, newest first."""
    from wand_orchestrator.cli.client.api_client import ask
    from wand_orchestrator.cli.display.output import print_json
    from wand_orchestrator.cli.display.table import print_table

    listed = ask(url, api_key, lambda api: api.listed("/graphs", "graphs", limit, name=name))
    if as_json:
        print_json(listed)
        return
    rows = [
        (graph["graph_id"], graph["name"], str(graph["version"]), graph["created_at"]) for graph in listed["graphs"]
    ]
    print_table(("graph", "name", "version", "created"), rows, whole=("graph",))


@app.command()
def show(graph: GraphArgument, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Show a stored graph. With --json its document stands in the member `graph`."""
    from wand_orchestrator.cli.client.api_client import ask, path_of
    from wand_orchestrator.cli.display.graph_view import print_graph
    from wand_orchestrator.cli.display.output import print_json

    stored = ask(url, api_key, lambda api: api.get(path_of("graphs", graph)))
    if as_json:
        print_json(stored)
    else:
        print_graph(stored)


@app.command()
def create(file: GraphFile, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Check a graph, store it as the next version of its name, and print its id."""
    from wand_orchestrator.cli.client.api_client import ask
    from wand_orchestrator.cli.client.document_file import read_document
    from wand_orchestrator.cli.display.fault_table import print_faults
    from wand_orchestrator.cli.display.output import console, print_json
    from wand_orchestrator.client.problem_errors import ListedFault

    document = read_document(file)
    created = ask(url, api_key, lambda api: api.post("/graphs", document))
    if as_json:
        print_json(created)
        return
    if created["warnings"]:
        print_faults(console(stderr=True), ListedFault.all_of(created["warnings"]), "Warnings")
    typer.echo(created["graph_id"])


Found = tuple[Sequence["FaultLike"], Sequence["FaultLike"], Sequence[str]]
"""Faults, warnings, and the names of stored graphs that nobody looked for."""


def faults_here(document: Any) -> Found:
    """Return what is wrong with a graph by the agents, tools and models that are known here."""
    from wand_orchestrator.cli.processes.app_dir import find_plugins_in
    from wand_orchestrator.cli.processes.configuration import settings_with
    from wand_orchestrator.models.model_catalog import ModelCatalog
    from wand_orchestrator.plugins import Registry
    from wand_orchestrator.storage.subgraphs import named_graphs
    from wand_orchestrator.validation import Known, check_graph

    settings = settings_with()
    find_plugins_in(Path())
    registry = Registry.load(settings)
    checked = check_graph(
        document,
        registry.agents,
        max_nodes=settings.max_nodes,
        max_edges=settings.max_edges,
        rates=settings.rate_table or None,
        known=Known(tools=registry.tools, model_fault=ModelCatalog.load(settings).fault),
    )
    named = dict.fromkeys(name for _, name in named_graphs(checked.graph)) if checked.graph else ()
    return checked.faults, checked.warnings, tuple(named)


def _there(document: Any, url: str, api_key: str | None) -> Found:
    from wand_orchestrator.cli.client.api_client import ask
    from wand_orchestrator.client.problem_errors import ListedFault

    checked = ask(url, api_key, lambda api: api.post("/graphs/validate", document))
    return ListedFault.all_of(checked["faults"]), ListedFault.all_of(checked["warnings"]), ()
