"""Options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from wand_orchestrator.cli.client.completion import graph_ids, node_ids, run_ids

Url = Annotated[
    str | None, typer.Option(envvar="WAND_URL", help="Of the API. Default: where `wand dev` listens by the settings")
]
ApiKey = Annotated[str | None, typer.Option(help="Sent as X-API-Key. Default: WAND_API_KEY")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's JSON instead.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="May be repeated.")]
WebhookUrl = Annotated[str | None, typer.Option("--webhook", metavar="URL", help="Who is told of the run's end.")]
WebhookEvents = Annotated[
    list[str] | None,
    typer.Option("--webhook-event", metavar="EVENT", help="Tell of this instead, such as run.failed. May be repeated."),
]
AppDir = Annotated[
    Path,
    typer.Option("--app-dir", file_okay=False, help="Folder with plug-ins that are not installed."),
]
Limit = Annotated[int, typer.Option(min=1, help="At most so many, the newest.")]

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.", autocompletion=run_ids)]
NodeArgument = Annotated[str, typer.Argument(metavar="NODE", help="The node's id.", autocompletion=node_ids)]
GraphArgument = Annotated[str, typer.Argument(metavar="GRAPH", help="The graph's id.", autocompletion=graph_ids)]
GraphFile = Annotated[
    str, typer.Argument(metavar="FILE", help="Graph document (JSON or YAML); `-` reads it from standard input.")
]
GraphTarget = Annotated[
    str,
    typer.Argument(
        metavar="GRAPH", help="A file (JSON or YAML), `-` for standard input, or the name or id of a stored graph."
    ),
]
