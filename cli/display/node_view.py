"""Prints a node of a run for people: params, input, output, and every attempt."""

import json

import typer
from rich.text import Text

from wand_orchestrator.cli.client.api_client import Json
from wand_orchestrator.cli.display.failure_view import failure_lines, named
from wand_orchestrator.cli.display.output import console, plain, print_fields, print_json
from wand_orchestrator.cli.display.run_view import styled, unmended, why
from wand_orchestrator.cli.display.shown_times import took
from wand_orchestrator.cli.display.table import print_table

VALUES = ("params", "input", "output")


def print_node(run_id: str, node: str, view: Json) -> None:
    print_fields(
        ("run", run_id),
        ("node", node),
        ("status", styled(view["status"])),
        ("child run", view["child_run"]),
        ("scheduled", view["scheduled_at"]),
        ("started", view["started_at"]),
        ("finished", view["finished_at"]),
        ("took", took(view["started_at"], view["finished_at"])),
        ("error", why(unmended(view))),
        *(("waits for", reason) for reason in view["waiting_for"]),
    )
    _print_attempts(view["attempts"])
    for name in VALUES:
        if (known := view["values"].get(name)) is not None:
            typer.echo(f"\n{name}")
            _print_value(view[name], known)
    if view["parts"]:
        typer.echo()
        rows = [
            (name, styled(part["status"]), took(part["started_at"], part["finished_at"]), why(unmended(part)))
            for name, part in view["parts"].items()
        ]
        print_table(("part", "status", "took", "about"), rows, whole=("part",))
        if (more := view["total_parts"] - len(view["parts"])) > 0:
            typer.echo(f"and {more} more parts")


def _print_attempts(attempts: list[Json]) -> None:
    """Print the attempts as a table, and errors below it, as the table has no room for them."""
    if not attempts:
        return
    typer.echo()
    rows = [
        (
            _number(each),
            styled(each["status"]),
            each["started_at"] or "",
            took(each["started_at"], each["finished_at"]),
            each["worker"] or "",
        )
        for each in attempts
    ]
    print_table(("attempt", "status", "started", "took", "worker"), rows)
    out = console()
    for each in attempts:
        if each["error"]:
            lines = [f"\nattempt {_number(each)}: {plain(named(each['error']))}"]
            lines += (f"  {line}" for line in failure_lines(each["error"]))
            out.print(Text("\n".join(lines)), soft_wrap=True)


def _number(attempt: Json) -> str:
    """Return the number of an attempt; numbers begin anew when somebody retries the node."""
    return f"{attempt['attempt']}, retry {attempt['retried']}" if attempt["retried"] else str(attempt["attempt"])


def _print_value(value: object, known: Json) -> None:
    """Print a value; for a large one, which the answer does not contain, its size and its URL."""
    if known["url"] is None:
        typer.echo(f"{known['bytes']:,} bytes, which were too many to be kept")
    elif value is None and known["bytes"] > len(json.dumps(None)):
        typer.echo(f"{known['bytes']:,} bytes at {known['url']}")
    else:
        print_json(value)
