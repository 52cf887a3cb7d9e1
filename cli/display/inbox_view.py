"""Prints what waits for people, and what models cost, over all runs."""

from collections.abc import Iterable

import typer

from wand_orchestrator.cli.client.api_client import Json
from wand_orchestrator.cli.client.open_approvals import OpenApproval
from wand_orchestrator.cli.display.run_view import money, print_approvals
from wand_orchestrator.cli.display.shown_times import ago
from wand_orchestrator.cli.display.table import print_table


def print_inbox(approvals: Iterable[Json]) -> None:
    approvals = list(approvals)
    rows = [(asked["run_id"], asked["graph"], asked["node"], ago(asked["asked_at"])) for asked in approvals]
    print_table(("run", "graph", "node", "asked"), rows, whole=("run", "node"))
    print_approvals(
        OpenApproval(asked["run_id"], asked["node"], asked["prompt"], asked["schema"]) for asked in approvals
    )


def print_usage(report: Json) -> None:
    shown = [name for name in ("graph", "model", "day") if any(group[name] is not None for group in report["groups"])]
    rows = [(*(group[name] or "" for name in shown), *_row(group)) for group in report["groups"]]
    total = (*("total" if place == 0 else "" for place in range(len(shown))), *_row(report["total"]))
    print_table((*shown, "runs", "calls", "input", "output", "cost"), [*rows, total])
    if report["more"]:
        typer.echo("There are more: ask for fewer days, or for one graph or model", err=True)


def _row(group: Json) -> tuple[str, ...]:
    counts = ("runs", "requests", "input_tokens", "output_tokens")
    return (*(f"{group[name]:,}" for name in counts), money(group))
