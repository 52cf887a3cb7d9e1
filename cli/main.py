"""`wand`: the entry point, and how every failure ends: one line on standard error and exit status 1.

What a command needs is imported when it runs, so that `wand --help` is quick.
"""

import os
import sys
from importlib.metadata import version as installed_version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.commands import agents, api, demo, dev, graphs, run, runs, schedules, worker
from cli.own_packages import collision, foreign_packages

DISTRIBUTION = "wand-orchestrator"


class _Group(TyperGroup):
    """Turns an error that was foreseen into one line; with `--debug`, shows where it came from."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            from cli.complaint import complaint

            line = complaint(error)
            if line is None or isinstance(error, BrokenPipeError) or ctx.params["debug"]:
                raise
            _list_faults(error, line)
            typer.echo(f"wand: {line}", err=True)
            raise SystemExit(1) from error


def _list_faults(error: Exception, line: str) -> None:
    """Those of a refused graph, above the line that says only how many there are."""
    faults = [fault for fault in getattr(error, "faults", ()) if fault.message not in line]
    if faults:
        from cli.fault_table import print_faults
        from cli.output import console

        print_faults(console(stderr=True), faults, "Faults")


app = typer.Typer(
    name="wand",
    cls=_Group,
    help="Runs graphs of agents durably on Temporal.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"wand {installed_version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def _root(
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options of all commands; `_Group` reads `debug`."""


app.command("dev")(dev.dev)
app.command("api")(api.api)
app.command("worker")(worker.worker)
app.command("run")(run.run)
app.add_typer(runs.app, name="runs")
app.add_typer(graphs.app, name="graphs")
app.add_typer(schedules.app, name="schedules")
app.command("agents")(agents.agents)
app.command("demo")(demo.demo)


@app.command("version")
def version() -> None:
    """Print the version."""
    _print_version(True)


def main() -> None:
    foreign = foreign_packages()
    if foreign:
        typer.echo(f"wand: {collision(foreign)}", err=True)
        sys.exit(2)
    try:
        app()
    except SystemExit as ended:
        _exit(ended)


def _exit(ended: SystemExit) -> None:
    """All is closed by now. Once Temporal's SDK is loaded, the interpreter is not taken down: threads of its core may
    still hand something over to Python, and while that happens the process would abort (status 134)."""
    if "temporalio" not in sys.modules:
        raise ended
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1)
