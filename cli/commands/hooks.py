"""`wand hooks`: names under which messages from elsewhere start runs."""

from typing import Annotated, Any

import typer

from wand_orchestrator.cli.client.options import ApiKey, AsJson, Limit, Tags, Url, WebhookEvents, WebhookUrl

app = typer.Typer(help="Messages from elsewhere that start runs.", no_args_is_help=True)

HookArgument = Annotated[str, typer.Argument(metavar="HOOK", help="The hook's name.")]


@app.command("list")
def list_hooks(limit: Limit = 50, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """List hooks with the graphs that they start."""
    from wand_orchestrator.cli.client.api_client import ask
    from wand_orchestrator.cli.display.hook_view import print_hooks
    from wand_orchestrator.cli.display.output import print_json

    listed = ask(url, api_key, lambda api: api.listed("/hooks", "hooks", limit))
    if as_json:
        print_json(listed)
        return
    print_hooks(listed["hooks"])
    if listed["next"] is not None:
        typer.echo(f"There are more: --limit {2 * limit}", err=True)


@app.command()
def show(hook: HookArgument, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Show a hook, without its secret."""
    from wand_orchestrator.cli.client.api_client import ask, path_of
    from wand_orchestrator.cli.display.hook_view import print_hook
    from wand_orchestrator.cli.display.output import print_json

    shown = ask(url, api_key, lambda api: api.get(path_of("hooks", hook)))
    if as_json:
        print_json(shown)
    else:
        print_hook(shown)


@app.command("set")
def put(
    hook: HookArgument,
    graph: Annotated[str, typer.Argument(metavar="GRAPH", help="A stored graph's name.")],
    version: Annotated[int | None, typer.Option(min=1, help="Of the graph. Default: the newest.")] = None,
    verification: Annotated[str | None, typer.Option(help="signature or token. Default: signature")] = None,
    secret: Annotated[
        str | None,
        typer.Option(envvar="WAND_HOOK_SECRET", help="Default: the hook's own, else a new one, printed once"),
    ] = None,
    map: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="KEY=EXPR", help="Input key and JMESPath over body, headers, query. Repeatable."),
    ] = None,
    input: Annotated[str | None, typer.Option(help="What each input has besides: JSON, or `@` and a file.")] = None,
    tag: Tags = None,
    webhook: WebhookUrl = None,
    webhook_event: WebhookEvents = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Make or change a hook. A secret that is made for it is printed, and never shown again."""
    from wand_orchestrator.cli.client.api_client import ask, path_of
    from wand_orchestrator.cli.client.document_file import read_argument, webhook_of
    from wand_orchestrator.cli.display.output import print_json

    given = {
        "graph_name": graph,
        "version": version,
        "verification": verification,
        "secret": secret,
        "map": _map(map),
        "input": None if input is None else read_argument(input, "--input"),
        "tags": tag or None,
        "webhook": webhook_of(webhook, webhook_event),
    }
    body = {name: value for name, value in given.items() if value is not None}
    stored = ask(url, api_key, lambda api: api.put(path_of("hooks", hook), body))
    if as_json:
        print_json(stored)
    elif stored["secret"] is not None:
        typer.echo(stored["secret"])


@app.command()
def delete(hook: HookArgument, url: Url = None, api_key: ApiKey = None) -> None:
    """Remove a hook; runs that it has started stay."""
    from wand_orchestrator.cli.client.api_client import ask, path_of

    ask(url, api_key, lambda api: api.delete(path_of("hooks", hook)))


def _map(pairs: list[str] | None) -> dict[str, Any] | None:
    from wand_orchestrator.errors import BadRequest

    if not pairs:
        return None
    found = {}
    for pair in pairs:
        key, separator, expression = pair.partition("=")
        if not separator or not key:
            raise BadRequest(f"--map takes KEY=EXPR, and {pair!r} is none")
        found[key] = expression
    return found
