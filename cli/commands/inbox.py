"""`wand approvals` and `wand usage`: what waits for people, and what models cost, over all runs."""

from typing import Annotated

import typer

from wand_orchestrator.cli.client.options import ApiKey, AsJson, Limit, Tags, Url


def approvals(
    graph: Annotated[str | None, typer.Option(help="Only of graphs of this name.")] = None,
    tag: Tags = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """List what waits for a person's answer, over all runs, with the command that answers."""
    from wand_orchestrator.cli.client.api_client import ask
    from wand_orchestrator.cli.display.inbox_view import print_inbox
    from wand_orchestrator.cli.display.output import print_json

    listed = ask(url, api_key, lambda api: api.listed("/approvals", "approvals", limit, graph=graph, tag=tag or None))
    if as_json:
        print_json(listed)
        return
    print_inbox(listed["approvals"])
    if listed["next"] is not None:
        typer.echo(f"There are more: --limit {2 * limit}", err=True)


def usage(
    by: Annotated[str, typer.Option(help="What to sum by: graph, model, day, with commas between them.")] = "day",
    graph: Annotated[str | None, typer.Option(help="Only of graphs of this name.")] = None,
    model: Annotated[str | None, typer.Option(help="Only of this provider:name.")] = None,
    after: Annotated[str | None, typer.Option(metavar="MOMENT", help="RFC 3339, such as 2026-01-31.")] = None,
    before: Annotated[str | None, typer.Option(metavar="MOMENT", help="RFC 3339.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Show what model calls used, over all runs."""
    from wand_orchestrator.cli.client.api_client import ask
    from wand_orchestrator.cli.display.inbox_view import print_usage
    from wand_orchestrator.cli.display.output import print_json

    wanted = {"by": by, "graph": graph, "model": model, "after": after, "before": before}
    report = ask(url, api_key, lambda api: api.get("/usage", **wanted))
    if as_json:
        print_json(report)
    else:
        print_usage(report)
