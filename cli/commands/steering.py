"""The commands of `wand runs` that change a run: each is one call of the API."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wand_orchestrator.cli.client.completion import node_ids
from wand_orchestrator.cli.client.options import ApiKey, AsJson, NodeArgument, RunArgument, Url

if TYPE_CHECKING:
    from wand_orchestrator.cli.client.api_client import Json


def pause(run: RunArgument, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Start nothing new in a run until `resume`; what is in flight ends."""
    _steer(run, "pause", as_json, url, api_key)


def resume(run: RunArgument, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Let a paused run go on."""
    _steer(run, "resume", as_json, url, api_key)


def cancel(run: RunArgument, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Ask a run to stop. It is `cancelled` when all that was in flight has ended."""
    _steer(run, "cancel", as_json, url, api_key)


def retry(
    run: RunArgument,
    from_nodes: Annotated[
        list[str] | None,
        typer.Option(
            "--from", metavar="NODE", help="Runs again with all after it; may be repeated.", autocompletion=node_ids
        ),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Go on from a run that has ended, in a new one, and print its id. What had succeeded does not run again."""
    answer = _post((run, "retry"), {"from": from_nodes or []}, url, api_key)
    _show(answer, as_json, lambda: typer.echo(answer["run_id"]))


def retry_node(
    run: RunArgument, node: NodeArgument, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None
) -> None:
    """Try a node of a run now: one that waits for its next attempt, or a failed one that holds the run."""
    _steer_node(run, node, "retry", None, as_json, url, api_key, "is tried now")


def skip(
    run: RunArgument, node: NodeArgument, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None
) -> None:
    """Skip a node that has not finished; one in flight is cancelled first."""
    _steer_node(run, node, "skip", None, as_json, url, api_key, "is skipped")


def respond(
    run: RunArgument,
    node: NodeArgument,
    answer: Annotated[str, typer.Option(help="JSON that fits the node's schema, or `@` and a file of it.")],
    by: Annotated[str | None, typer.Option(help="Who answers. Default: your login name")] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Answer an approval that waits."""
    from wand_orchestrator.cli.client.document_file import read_argument

    body = {"answer": read_argument(answer, "--answer"), "by": by or _login_name()}
    _steer_node(run, node, "respond", body, as_json, url, api_key, "is answered")


def event(
    run: RunArgument,
    name: Annotated[str, typer.Argument(help="For which a `flow.event` node waits.")],
    data: Annotated[str, typer.Argument(help="JSON, or `@` and a file of it.")] = "null",
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Send a run an event. One that no node waits for yet is kept until one does."""
    from wand_orchestrator.cli.client.document_file import read_argument

    answer = _post((run, "events", name), read_argument(data, "DATA"), url, api_key)
    _show(answer, as_json, lambda: typer.echo(f"{run} was sent the event {name}"))


def budget(
    run: RunArgument,
    usd: Annotated[float | None, typer.Option(help="US dollars.")] = None,
    tokens: Annotated[int | None, typer.Option(help="Of input and output together.")] = None,
    on_exceeded: Annotated[str, typer.Option(help="fail or pause.")] = "pause",
    node: Annotated[str | None, typer.Option(help="Whose own budget it is. Default: the run's")] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Replace the budget of a run; one that was paused for it still has to be resumed."""
    given = {"usd": usd, "tokens": tokens, "on_exceeded": on_exceeded, "node": node}
    answer = _post((run, "budget"), {name: value for name, value in given.items() if value is not None}, url, api_key)
    _show(answer, as_json, lambda: typer.echo(f"{run} has another budget"))


def link(
    run: RunArgument,
    node: NodeArgument,
    days: Annotated[float, typer.Option(min=0.001, max=366, help="How long it can be used.")] = 7,
    by: Annotated[str | None, typer.Option(help="Who is given it; it stands in the run's events.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Make a link that answers an approval, or sends an event, once and without the API key, and print it."""
    body = {"expires_in_sec": round(days * 86_400), "by": by}
    answer = _post((run, "nodes", node, "link"), body, url, api_key)
    _show(answer, as_json, lambda: typer.echo(answer["url"]))


def delete(run: RunArgument, url: Url = None, api_key: ApiKey = None) -> None:
    """Remove a run that has ended, with its events and files."""
    from wand_orchestrator.cli.client.api_client import ask, path_of

    ask(url, api_key, lambda api: api.delete(path_of("runs", run)))
    typer.echo(f"{run} is deleted")


def add_to(app: typer.Typer) -> None:
    for command in (pause, resume, cancel, retry, retry_node, skip, respond, event, budget, link, delete):
        app.command()(command)


def _steer(run: str, verb: str, as_json: bool, url: str | None, api_key: str | None) -> None:
    answer = _post((run, verb), None, url, api_key)
    _show(answer, as_json, lambda: typer.echo(f"{run} is {answer['status']}"))


def _steer_node(
    run: str, node: str, verb: str, body: Any, as_json: bool, url: str | None, api_key: str | None, done: str
) -> None:
    answer = _post((run, "nodes", node, verb), body, url, api_key)
    _show(answer, as_json, lambda: typer.echo(f"{node} of {run} {done}"))


def _post(parts: tuple[str, ...], body: Any, url: str | None, api_key: str | None) -> "Json":
    from wand_orchestrator.cli.client.api_client import ask, path_of

    return ask(url, api_key, lambda api: api.post(path_of("runs", *parts), body))


def _show(answer: "Json", as_json: bool, say: Callable[[], None]) -> None:
    from wand_orchestrator.cli.display.output import print_json

    if as_json:
        print_json(answer)
    else:
        say()


def _login_name() -> str | None:
    """Return the user's login name; None in a container whose user has none."""
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):
        return None
