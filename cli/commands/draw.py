"""`wand graphs draw` and `wand runs draw`: pictures of graphs and runs, as SVG or as source of Mermaid."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from wand_orchestrator.cli.client.options import ApiKey, GraphTarget, RunArgument, Url

if TYPE_CHECKING:
    from wand_orchestrator.cli.client.api_client import ApiClient

Form = Literal["svg", "mermaid"]
FormOption = Annotated[Form, typer.Option("--format", help="svg: a picture. mermaid: source that code hosts draw.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", dir_okay=False, help="The file to write. Default: standard output.")
]
VersionOption = Annotated[int | None, typer.Option(min=1, help="Of the stored graph with this name; default: newest.")]


def draw_graph(
    graph: GraphTarget,
    version: VersionOption = None,
    form: FormOption = "svg",
    output: Output = None,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Draw a graph: a document of this machine, without an API, with its faults marked; or a stored one."""
    from wand_orchestrator.cli.client.api_client import ask
    from wand_orchestrator.cli.client.document_file import graph_of

    named = graph_of(graph, version)
    document = named.get("graph")
    if document is not None:
        _write(_drawn(document, form), output)
    else:
        _write(ask(url, api_key, lambda api: _stored(api, named, form)), output)


def draw_run(
    run: RunArgument, form: FormOption = "svg", output: Output = None, url: Url = None, api_key: ApiKey = None
) -> None:
    """Draw a run: its graph, coloured by how far each node is."""
    from wand_orchestrator.cli.client.api_client import ask, path_of

    _write(ask(url, api_key, lambda api: api.text(path_of("runs", run), format=form)), output)


def _drawn(document: Any, form: Form) -> str:
    from wand_orchestrator.cli.commands.graphs import faults_here
    from wand_orchestrator.drawing.mermaid import mermaid_of
    from wand_orchestrator.drawing.picture import picture_of
    from wand_orchestrator.drawing.svg import svg_of
    from wand_orchestrator.validation.faulty_nodes import faulty_nodes

    known = document if isinstance(document, dict) else {}
    faults = faults_here(document)[0]
    picture = picture_of(known, faulty=faulty_nodes(known, faults), faults=len(faults))
    return svg_of(picture) if form == "svg" else mermaid_of(picture)


async def _stored(api: "ApiClient", named: dict[str, Any], form: Form) -> str:
    from wand_orchestrator.cli.client.api_client import path_of
    from wand_orchestrator.errors import NotFound

    graph_id = named.get("graph_id")
    if graph_id is None:
        listed = await api.all("/graphs", "graphs", name=named["graph_name"])
        wanted = [each for each in listed["graphs"] if named.get("version") in (None, each["version"])]
        if not wanted:
            raise NotFound(f"there is no graph {named['graph_name']!r} in this version")
        graph_id = wanted[0]["graph_id"]
    return await api.text(path_of("graphs", graph_id), format=form)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
