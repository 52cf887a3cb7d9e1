"""`wand`: the entry point. Every failure ends with one line on standard error and exit status 1.

What a command needs is imported when it runs, so that `wand --help` is quick.
"""

import os
import sys
import traceback
from contextlib import suppress
from importlib.metadata import version as installed_version
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from wand_orchestrator.cli.commands import agents, api, dev, graphs, hooks, inbox, run, runs, schedules, worker
from wand_orchestrator.cli.demo import command

INTERRUPTED = 130
"""Exit status of shells for a command that Ctrl-C ended."""

DISTRIBUTION = "wand-orchestrator"


_MEANT: tuple[type[BaseException], ...] = (typer.Exit, typer.Abort, typer.BadParameter.__mro__[2], BrokenPipeError)
"""How a command says its exit status, or that its command line cannot be read, which is the library's to show: the
third is the base of such errors, ClickException, which typer does not name."""


class _Group(TyperGroup):
    """Turns an error into one line; unforeseen ones, and all with `--debug`, are preceded by their traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except _MEANT:
            raise
        except Exception as error:
            from wand_orchestrator.cli.display.complaint import complaint, unforeseen

            line = complaint(error)
            if line is None or ctx.params["debug"]:
                traceback.print_exception(error)
            _list_faults(error, line or "")
            typer.echo(f"wand: {line or unforeseen(error)}", err=True)
            raise SystemExit(1) from error


def _list_faults(error: Exception, line: str) -> None:
    """Print the faults of a refused graph, above the line that only counts them."""
    faults = [fault for fault in getattr(error, "faults", ()) if fault.message not in line]
    if faults:
        from wand_orchestrator.cli.display.fault_table import print_faults
        from wand_orchestrator.cli.display.output import console

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
    """Declare the options of all commands; `_Group` reads `debug`."""


app.command("dev")(dev.dev)
app.command("api")(api.api)
app.command("worker")(worker.worker)
app.command("run")(run.run)
app.add_typer(runs.app, name="runs")
app.add_typer(graphs.app, name="graphs")
app.add_typer(schedules.app, name="schedules")
app.add_typer(hooks.app, name="hooks")
app.command("approvals")(inbox.approvals)
app.command("usage")(inbox.usage)
app.command("agents")(agents.agents)
app.command("demo")(command.demo)


@app.command("version")
def version() -> None:
    """Print the version."""
    _print_version(True)


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that cannot show a character shows its number
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except SystemExit as ended:
        _exit(ended)
    except KeyboardInterrupt:
        _exit(SystemExit(INTERRUPTED))
    except BaseException as error:  # such as asyncio.CancelledError, which is no Exception
        traceback.print_exception(error)
        typer.echo(f"wand: {type(error).__name__}: it ended for a reason that nobody foresaw", err=True)
        _exit(SystemExit(1))


def _exit(ended: SystemExit) -> None:
    """Exit; all is closed by now. With Temporal's SDK loaded, skip the interpreter's shutdown: threads of its core may
    still call Python, which would then abort the process (status 134).
    """
    if "temporalio" not in sys.modules:
        raise ended
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads it any more, or it is closed
            stream.flush()
    os._exit(ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1)
