"""Prints what `wand dev` says when it is ready, and when it is asked to end."""

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from wand_orchestrator.cli.processes.stack import Stack
from wand_orchestrator.settings import Settings


def welcome(stack: Stack) -> None:
    Console(soft_wrap=True).print(Panel(links(stack), title="Wand", subtitle="Ctrl-C ends it", expand=False))


def links(stack: Stack) -> Table:
    rows = {
        "API": stack.url,
        "API docs": f"{stack.url}/docs",
        "Temporal Web UI": stack.temporal.ui_url or "not started",
        "Temporal": stack.temporal.address,
        "Data folder": str(stack.settings.data_dir.resolve()),
    }
    table = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def say_goodbye(settings: Settings) -> None:
    Console(stderr=True).print(
        f"Stopping: running agents have {settings.shutdown_grace_sec:g} s; Ctrl-C again ends it at once",
        highlight=False,
    )
