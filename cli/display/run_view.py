"""Prints runs for people."""

import json
from collections.abc import Iterable
from itertools import chain, repeat
from shlex import quote

import typer
from rich.text import Text

from wand_orchestrator.cli.client.api_client import Json
from wand_orchestrator.cli.client.open_approvals import OpenApproval
from wand_orchestrator.cli.display.failure_view import indented, named
from wand_orchestrator.cli.display.output import Cell, console, plain, print_fields, print_json
from wand_orchestrator.cli.display.shown_times import ago, took
from wand_orchestrator.cli.display.table import print_table

_STYLES = {
    "succeeded": "green",
    "failed": "red",
    "timed_out": "red",
    "terminated": "red",
    "running": "cyan",
    "scheduled": "cyan",
    "retrying": "yellow",
    "waiting": "yellow",
    "paused": "yellow",
    "cancelling": "yellow",
    "cancelled": "yellow",
}


def print_runs(runs: Iterable[Json]) -> None:
    rows = [
        (run["run_id"], run["name"], _status(run), ago(run["created_at"]), took(run["started_at"], run["finished_at"]))
        for run in runs
    ]
    print_table(("run", "name", "status", "created", "took"), rows, whole=("run",))


def print_run(view: Json, approvals: Iterable[OpenApproval] = ()) -> None:
    print_fields(
        ("run", view["run_id"]),
        ("graph", " ".join(filter(None, (view["name"], view["graph_id"])))),
        ("status", _status(view)),
        ("tags", ", ".join(view["tags"])),
        ("part of", view["part_of"]),
        ("retry of", view["retry_of"]),
        ("retried by", ", ".join(view["retried_by"])),
        ("created", view["created_at"]),
        ("started", view["started_at"]),
        ("finished", view["finished_at"]),
        ("took", took(view["started_at"], view["finished_at"])),
        ("error", _failure(view["error"])),
        ("usage", used(view.get("usage"))),
        *zip(chain(("waits for",), repeat("")), view["waiting_for"], strict=False),
    )
    typer.echo()
    rows = [_node_row(name, node) for name, node in view["nodes"].items()]
    print_table(("node", "status", "attempt", "took", "about"), rows)
    _print_failures(view["nodes"])
    print_approvals(approvals)
    if view["input"] is not None:
        typer.echo("\ninput")
        print_json(view["input"])
    if view["result"] is not None:
        typer.echo("\nresult")
        print_json(view["result"])


def _print_failures(nodes: Json) -> None:
    """Print the details of failed nodes that the table has no room for."""
    out = console()
    for name, node in nodes.items():
        error = unmended(node)
        if error and (details := indented(error)):
            out.print(Text(f"\n{plain(name)}: {plain(named(error))}{details}"), soft_wrap=True)


def print_approvals(approvals: Iterable[OpenApproval]) -> None:
    """Print what somebody is asked, and the command that answers."""
    out = console()
    for asked in approvals:
        out.print(Text(f"\n{plain(asked.node)} asks: {plain(asked.prompt)}"), soft_wrap=True)
        out.print(Text(f"    wand runs respond {asked.run} {quote(plain(asked.node))} --answer JSON"), soft_wrap=True)
        out.print(Text(f"    JSON that fits {plain(json.dumps(asked.schema, ensure_ascii=False))}"), soft_wrap=True)


def print_artifacts(artifacts: Iterable[Json]) -> None:
    rows = [
        (file["node"] or "", file["name"], file["media_type"], f"{file['size']:,}", file["url"]) for file in artifacts
    ]
    print_table(("node", "name", "type", "bytes", "url"), rows, whole=("name",))


def _status(view: Json) -> Text:
    status = view["status"]
    progress = "" if view["finished_at"] else f" {view['progress']} %"
    return Text(status + progress, style=_STYLES.get(status, ""))


def _node_row(name: str, node: Json) -> tuple[Cell, ...]:
    status = node["status"]
    percent = f" {node['percent']} %" if status == "running" and node["percent"] is not None else ""
    return (
        name,
        Text(status + percent, style=_STYLES.get(status, "")),
        str(node["attempt"] or ""),
        took(node["started_at"], node["finished_at"]),
        "; ".join(filter(None, [why(unmended(node)), *(f"waits for {reason}" for reason in node["waiting_for"])])),
    )


def _failure(error: Json | None) -> str:
    """Return the failure of a run, with the node that failed."""
    place = f" at {error['node']}" if error and error.get("node") else ""
    return why(error) + place


def unmended(node: Json) -> Json | None:
    """Return the error of a node; None if a later attempt succeeded."""
    error: Json | None = node["error"]
    return None if node["status"] == "succeeded" else error


def used(usage: Json | None) -> str:
    """Return what model calls used on one line; empty without any."""
    if usage is None:
        return ""
    tokens = f"{usage['input_tokens']:,} + {usage['output_tokens']:,} tokens in {_calls(usage['requests'])}"
    return f"{tokens}, {money(usage)}"


def _calls(count: int) -> str:
    return f"{count:,} call{'' if count == 1 else 's'}"


def money(usage: Json) -> str:
    """Return what it cost; of calls whose price is unknown, how many there are."""
    unknown = f"{_calls(usage['unpriced_requests'])} of unknown price" if usage["unpriced_requests"] else ""
    known = "" if usage["usd"] is None else f"${usage['usd']:.4f}"
    return " and ".join(filter(None, (known, unknown)))


def styled(status: str) -> Text:
    """Return the status of a run, a node or an attempt, in its colour."""
    return Text(status, style=_STYLES.get(status, ""))


def why(error: Json | None) -> str:
    """Return the error on one line; empty without an error."""
    return "" if error is None else named(error)
