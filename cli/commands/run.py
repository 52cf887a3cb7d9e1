"""`wand run`: a graph from a file, or one that is stored, run by an API that is up somewhere."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wand_orchestrator.cli.client.options import ApiKey, GraphTarget, Tags, Url, WebhookEvents, WebhookUrl

if TYPE_CHECKING:
    from pathlib import Path

    from wand_orchestrator.cli.client.api_client import ApiClient, Json


def run(
    graph: GraphTarget,
    version: Annotated[int | None, typer.Option(min=1, help="Of the stored graph. Default: the newest.")] = None,
    input: Annotated[str | None, typer.Option(help="The run's input: JSON, or `@` and a file of it.")] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]PATH", help="A file that the run is given as an artifact; may be repeated."),
    ] = None,
    tag: Tags = None,
    webhook: WebhookUrl = None,
    webhook_event: WebhookEvents = None,
    watch: Annotated[bool, typer.Option(help="Show every node while it runs.")] = True,
    detach: Annotated[bool, typer.Option("--detach", help="Print the run's id and do not wait.")] = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Run a graph and wait for its end. The result goes to standard output, all else to standard error; the exit
    status is 0 only if the run succeeded."""
    from wand_orchestrator.cli.client.api_client import ask
    from wand_orchestrator.cli.client.document_file import graph_of, read_argument, webhook_of
    from wand_orchestrator.cli.client.upload import named_files
    from wand_orchestrator.cli.display.watching import report, succeeded

    body = graph_of(graph, version)
    if input is not None:
        body["input"] = read_argument(input, "--input")
    if tag:
        body["tags"] = tag
    if (told := webhook_of(webhook, webhook_event)) is not None:
        body["webhook"] = told
    files = named_files(file or [])
    if detach:
        typer.echo(ask(url, api_key, lambda api: _started(api, body, files)))
        return
    view = ask(url, api_key, lambda api: _ended(api, body, files, watch))
    report(view)
    raise typer.Exit(0 if succeeded(view) else 1)


async def _started(api: "ApiClient", body: dict[str, Any], files: "dict[str, Path]") -> str:
    """The id of the run, once its files are uploaded and it is started."""
    if files:
        body["files"] = [await api.upload(name, path) for name, path in files.items()]
    return str((await api.post("/runs", body))["run_id"])


async def _ended(api: "ApiClient", body: dict[str, Any], files: "dict[str, Path]", watch: bool) -> "Json":
    from wand_orchestrator.cli.client.api_client import path_of
    from wand_orchestrator.cli.display.watching import watched

    run_id = await _started(api, body, files)
    graph = body.get("graph")
    if graph is None:  # it shows the nodes that have not begun
        graph_id = (await api.get(path_of("runs", run_id)))["graph_id"]
        graph = (await api.get(path_of("graphs", graph_id)))["graph"]
    return await watched(api, run_id, graph, watch)
