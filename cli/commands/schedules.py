"""`wand schedules`: runs that Temporal starts by the clock."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wand_orchestrator.cli.client.completion import overlaps, schedule_ids
from wand_orchestrator.cli.client.options import ApiKey, AsJson, Limit, Tags, Url, WebhookEvents, WebhookUrl

if TYPE_CHECKING:
    from wand_orchestrator.cli.client.api_client import Json

app = typer.Typer(help="Runs that start by the clock.", no_args_is_help=True)

ScheduleArgument = Annotated[
    str, typer.Argument(metavar="SCHEDULE", help="The schedule's id.", autocompletion=schedule_ids)
]
Note = Annotated[str | None, typer.Option(help="Why; shown here and in the Temporal Web UI.")]
OVERLAP_HELP = (
    "When the last run still goes on: skip, buffer_one, buffer_all, cancel_other, terminate_other, allow_all."
)


@app.command("list")
def list_schedules(
    graph_name: Annotated[str | None, typer.Option("--name", help="Only those of graphs of this name.")] = None,
    graph_id: Annotated[str | None, typer.Option(help="Only those of this stored graph.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """List schedules with their next and last moments."""
    from wand_orchestrator.cli.client.api_client import ask
    from wand_orchestrator.cli.display.output import print_json
    from wand_orchestrator.cli.display.schedule_view import print_schedules

    filters = {"graph_name": graph_name, "graph_id": graph_id}
    listed = ask(url, api_key, lambda api: api.listed("/schedules", "schedules", limit, **filters))
    if as_json:
        print_json(listed)
        return
    print_schedules(listed["schedules"])
    if listed["next"] is not None:
        typer.echo(f"There are more: --limit {2 * limit}", err=True)


@app.command()
def show(schedule: ScheduleArgument, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Show a schedule: when it fires, its next moments and its last runs."""
    from wand_orchestrator.cli.client.api_client import ask, path_of
    from wand_orchestrator.cli.display.output import print_json
    from wand_orchestrator.cli.display.schedule_view import print_schedule

    shown = ask(url, api_key, lambda api: api.get(path_of("schedules", schedule)))
    if as_json:
        print_json(shown)
    else:
        print_schedule(shown)


@app.command()
def create(
    graph: Annotated[str, typer.Argument(metavar="GRAPH", help="A graph's name (newest version), or its id g_….")],
    cron: Annotated[str | None, typer.Option(help="Such as '0 6 * * MON-FRI'.")] = None,
    every: Annotated[str | None, typer.Option(help="Such as 90s, 15m, 1h30m or 7d.")] = None,
    schedule_id: Annotated[str | None, typer.Option("--id", help="Of your own choice. Default: a new one")] = None,
    time_zone: Annotated[str | None, typer.Option(help="For --cron. Default: UTC")] = None,
    jitter: Annotated[str | None, typer.Option(help="Start up to so much later, by chance.")] = None,
    overlap: Annotated[str | None, typer.Option(help=f"{OVERLAP_HELP} Default: skip", autocompletion=overlaps)] = None,
    catchup_window: Annotated[
        str | None, typer.Option(help="What was missed while Temporal was down still starts. Default: 1d")
    ] = None,
    input: Annotated[str | None, typer.Option(help="Of each run: JSON, or `@` and a file of it.")] = None,
    tag: Tags = None,
    webhook: WebhookUrl = None,
    webhook_event: WebhookEvents = None,
    paused: Annotated[bool, typer.Option("--paused", help="Start nothing until `resume`.")] = False,
    note: Note = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Start runs of a stored graph by the clock, and print the schedule's id. Give --cron or --every."""
    from wand_orchestrator.cli.client.document_file import GRAPH_ID, read_argument, webhook_of

    by_id = GRAPH_ID.fullmatch(graph)
    given = {
        "graph_id" if by_id else "graph_name": graph,
        "cron": cron,
        "every": every,
        "schedule_id": schedule_id,
        "time_zone": time_zone,
        "jitter": jitter,
        "overlap": overlap,
        "catchup_window": catchup_window,
        "tags": tag or None,
        "webhook": webhook_of(webhook, webhook_event),
        "paused": paused or None,
        "note": note,
        "input": None if input is None else read_argument(input, "--input"),
    }
    body = {name: value for name, value in given.items() if value is not None}
    _report(_post((), body, url, api_key), as_json, "{schedule_id}")


@app.command()
def pause(
    schedule: ScheduleArgument, note: Note = None, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None
) -> None:
    """Start nothing until `resume`; runs that go on are not touched."""
    answer = _post((schedule, "pause"), {"note": note}, url, api_key)
    _report(answer, as_json, "{schedule_id} is paused")


@app.command()
def resume(
    schedule: ScheduleArgument, note: Note = None, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None
) -> None:
    """Go on after a pause, with the next moment to come."""
    answer = _post((schedule, "resume"), {"note": note}, url, api_key)
    _report(answer, as_json, "{schedule_id} goes on")


@app.command()
def trigger(
    schedule: ScheduleArgument,
    overlap: Annotated[
        str | None, typer.Option(help=f"{OVERLAP_HELP} Default: the schedule's own", autocompletion=overlaps)
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Start a run now, besides those by the clock."""
    answer = _post((schedule, "trigger"), {"overlap": overlap}, url, api_key)
    _report(answer, as_json, "{schedule_id} is triggered: {run_id}")


@app.command()
def backfill(
    schedule: ScheduleArgument,
    start: Annotated[str, typer.Option(help="The first moment, such as 2026-01-05T00:00:00Z.")],
    end: Annotated[str, typer.Option(help="The last moment.")],
    overlap: Annotated[
        str | None, typer.Option(help=f"{OVERLAP_HELP} Default: buffer_all", autocompletion=overlaps)
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Start the runs of moments that lie in the past; a moment that has a run is left out."""
    body = {"start_at": start, "end_at": end, **({} if overlap is None else {"overlap": overlap})}
    answer = _post((schedule, "backfill"), body, url, api_key)
    _report(answer, as_json, "{schedule_id} is filled from " + f"{start} to {end}")


@app.command()
def delete(schedule: ScheduleArgument, url: Url = None, api_key: ApiKey = None) -> None:
    """Start nothing any more. The runs that it started stay."""
    from wand_orchestrator.cli.client.api_client import ask, path_of

    ask(url, api_key, lambda api: api.delete(path_of("schedules", schedule)))
    typer.echo(f"{schedule} is deleted")


def _post(parts: tuple[str, ...], body: Any, url: str | None, api_key: str | None) -> "Json":
    from wand_orchestrator.cli.client.api_client import ask, path_of

    return ask(url, api_key, lambda api: api.post(path_of("schedules", *parts), body))


def _report(answer: "Json", as_json: bool, sentence: str) -> None:
    from wand_orchestrator.cli.display.output import print_json

    if as_json:
        print_json(answer)
    else:
        typer.echo(sentence.format(**answer))
