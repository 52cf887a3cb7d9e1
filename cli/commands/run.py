"""`wand run`: a graph from a file, run by an API that is up somewhere."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wand_orchestrator.cli.client.options import ApiKey, GraphFile, Tags, Url, WebhookEvents, WebhookUrl

if TYPE_CHECKING:
    from wand_orchestrator.cli.client.api_client import ApiClient, Json


def run(
    file: GraphFile,
    input: Annotated[str | None, typer.Option(help="The run's input: JSON, or `@` and a file of it.")] = None,
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
    from wand_orchestrator.cli.client.document_file import read_argument, read_document, webhook_of
    from wand_orchestrator.cli.display.watching import report, succeeded

    body: dict[str, Any] = {"graph": read_document(file)}
    if input is not None:
        body["input"] = read_argument(input, "--input")
    if tag:
        body["tags"] = tag
    if (told := webhook_of(webhook, webhook_event)) is not None:
        body["webhook"] = told
    if detach:
        typer.echo(ask(url, api_key, lambda api: api.post("/runs", body))["run_id"])
        return
    view = ask(url, api_key, lambda api: _ended(api, body, watch))
    report(view)
    raise typer.Exit(0 if succeeded(view) else 1)


async def _ended(api: "ApiClient", body: dict[str, Any], watch: bool) -> "Json":
    from wand_orchestrator.cli.display.watching import watched

    run_id = (await api.post("/runs", body))["run_id"]
    return await watched(api, run_id, body["graph"], watch)
