"""`wand runs`: lists, shows and follows runs. The commands that change a run are in `steering`."""

from typing import TYPE_CHECKING, Annotated

import typer

from wand_orchestrator.cli.client.completion import levels, node_ids, statuses
from wand_orchestrator.cli.client.options import ApiKey, AsJson, Limit, RunArgument, Tags, Url
from wand_orchestrator.cli.commands import steering
from wand_orchestrator.cli.commands.draw import draw_run

if TYPE_CHECKING:
    from wand_orchestrator.cli.client.api_client import ApiClient, Json

app = typer.Typer(help="Runs: listed, watched, steered, drawn.", no_args_is_help=True)
app.command("draw")(draw_run)


@app.command("list")
def list_runs(
    status: Annotated[
        str | None, typer.Option(help="Only of this status, such as failed.", autocompletion=statuses)
    ] = None,
    name: Annotated[str | None, typer.Option(help="Only of graphs of this name.")] = None,
    graph_id: Annotated[str | None, typer.Option(help="Only of this stored graph.")] = None,
    tag: Tags = None,
    created_after: Annotated[str | None, typer.Option(help="RFC 3339, such as 2026-01-31T12:00:00Z.")] = None,
    created_before: Annotated[str | None, typer.Option(help="RFC 3339.")] = None,
    part_of: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Only the child runs in this run, which are not listed otherwise."),
    ] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """List runs, newest first: those for which all that is given holds."""
    from wand_orchestrator.cli.client.api_client import ask
    from wand_orchestrator.cli.display.output import print_json
    from wand_orchestrator.cli.display.run_view import print_runs

    filters = {
        "status": status,
        "name": name,
        "graph_id": graph_id,
        "tag": tag,
        "created_after": created_after,
        "created_before": created_before,
        "part_of": part_of,
    }
    listed = ask(url, api_key, lambda api: api.listed("/runs", "runs", limit, **filters))
    if as_json:
        print_json(listed)
        return
    print_runs(listed["runs"])
    if listed["next"] is not None:
        typer.echo(f"There are older ones: --limit {2 * limit}", err=True)


@app.command()
def show(
    run: RunArgument,
    node: Annotated[
        str | None,
        typer.Argument(
            help="A node, or a part of one such as `map[3]`: with what went in and came out.", autocompletion=node_ids
        ),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Show a run: its nodes, what it waits for, its error or result. With a node: its params, input, output and all of
    its attempts."""
    from wand_orchestrator.cli.client.api_client import ask, path_of
    from wand_orchestrator.cli.client.open_approvals import open_approvals
    from wand_orchestrator.cli.display.node_view import print_node
    from wand_orchestrator.cli.display.output import print_json
    from wand_orchestrator.cli.display.run_view import print_run

    path = path_of("runs", run) if node is None else path_of("runs", run, "nodes", node)
    view = ask(url, api_key, lambda api: api.get(path))
    if as_json:
        print_json(view)
    elif node is None:
        print_run(view, ask(url, api_key, lambda api: open_approvals(api, view)))
    else:
        print_node(run, node, view)


@app.command()
def logs(
    run: RunArgument,
    after: Annotated[int, typer.Option(min=0, help="Only events with a higher number.")] = 0,
    node: Annotated[str | None, typer.Option(help="Only of this node.", autocompletion=node_ids)] = None,
    level: Annotated[
        str | None, typer.Option(help="Only of this level or a graver one.", autocompletion=levels)
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Print a run's events, a line each. With --json and --follow, every line is the JSON of one event."""
    from wand_orchestrator.cli.client.api_client import ask
    from wand_orchestrator.cli.display.event_log import LogSelection, print_followed, print_so_far

    selection = LogSelection(run, after, node, level)
    printing = print_followed if follow else print_so_far
    ask(url, api_key, lambda api: printing(api, selection, as_json))


@app.command()
def watch(run: RunArgument, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Show every node of a run until it ends, then its result; the exit status is 0 only if it succeeded. A lost
    connection is taken up again. With --json the run as it ended is printed."""
    from wand_orchestrator.cli.client.api_client import ask
    from wand_orchestrator.cli.display.output import print_json
    from wand_orchestrator.cli.display.watching import report, succeeded

    view = ask(url, api_key, lambda api: _ended(api, run))
    if as_json:
        print_json(view)
    else:
        report(view)
    raise typer.Exit(0 if succeeded(view) else 1)


async def _ended(api: "ApiClient", run_id: str) -> "Json":
    from wand_orchestrator.cli.client.api_client import path_of
    from wand_orchestrator.cli.display.watching import watched

    view = await api.get(path_of("runs", run_id))
    if view["graph_id"] is None:
        graph = {"nodes": [{"id": node, "type": ""} for node in view["nodes"]]}
    else:
        graph = (await api.get(path_of("graphs", view["graph_id"])))["graph"]
    return await watched(api, run_id, graph)


@app.command()
def record(run: RunArgument, url: Url = None, api_key: ApiKey = None) -> None:
    """Print what the models of a run replied, as JSON: `wand_orchestrator.testing.Cassette` replays it in tests."""
    from wand_orchestrator.cli.client.api_client import ask
    from wand_orchestrator.cli.client.recording import recorded
    from wand_orchestrator.cli.display.output import print_json

    found = ask(url, api_key, lambda api: recorded(api, run))
    print_json(found.model_dump(mode="json", exclude_defaults=True))


@app.command()
def artifacts(
    run: RunArgument,
    name: Annotated[str | None, typer.Argument(help="Of the file to get, `node/name` where several have it.")] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Where it goes; `-` is standard output. Default: its name")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """List the files that a run has kept, or get the one of this name."""
    from wand_orchestrator.cli.client.api_client import ask, path_of
    from wand_orchestrator.cli.client.download import download
    from wand_orchestrator.cli.display.output import print_json
    from wand_orchestrator.cli.display.run_view import print_artifacts

    path = path_of("runs", run, "artifacts")
    if name is not None:
        ask(url, api_key, lambda api: download(api, path + path_of(name), output or name.rpartition("/")[2]))
        return
    listed = ask(url, api_key, lambda api: api.all(path, "artifacts"))
    if as_json:
        print_json(listed)
    else:
        print_artifacts(listed["artifacts"])


steering.add_to(app)
