"""What the shell offers, where no API is needed for it."""

import subprocess
import sys
from typing import get_args

from typer.testing import CliRunner

from wand_orchestrator.api.schedules.models import Overlap
from wand_orchestrator.cli.client import completion
from wand_orchestrator.cli.main import app
from wand_orchestrator.settings import Settings


def offered(shell: str, line: str) -> str:
    """Of an API that is away."""
    ask = {"_WAND_COMPLETE": f"complete_{shell}", "WAND_URL": "http://127.0.0.1:1"}
    words = {"_TYPER_COMPLETE_ARGS": line, "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    fish = {"_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    return CliRunner().invoke(app, [], prog_name="wand", env={**ask, **words, **fish}).stdout


def test_commands_options_and_values_are_offered_in_every_shell() -> None:
    assert offered("bash", "wand runs re").split() == ["record", "resume", "retry", "retry-node", "respond"]
    assert '"pause"' in offered("zsh", "wand runs pau")
    assert "pause" in offered("fish", "wand runs pau")
    assert offered("bash", "wand runs list --status t").split() == ["timed_out", "terminated"]
    assert offered("bash", "wand runs logs r_1 --level w").split() == ["warning"]


def test_an_api_that_is_away_offers_nothing() -> None:
    assert offered("bash", "wand runs show r_").strip() == ""
    assert offered("bash", "wand graphs show g_").strip() == ""


def test_it_asks_where_the_commands_do() -> None:
    settings = Settings(_env_file=None)
    assert (settings.host, str(settings.port)) == (completion.HOST, completion.PORT)


def test_it_offers_what_schedules_take() -> None:
    assert completion.overlaps() == list(get_args(Overlap))


def test_it_does_not_wait_for_the_imports_of_wand() -> None:
    code = (
        "import sys, os, wand_orchestrator.cli.main\n"
        "from typer.testing import CliRunner\n"
        "env = {'_WAND_COMPLETE': 'complete_bash', 'COMP_WORDS': 'wand runs show r_', 'COMP_CWORD': '3',"
        " 'WAND_URL': 'http://127.0.0.1:1'}\n"
        "CliRunner().invoke(wand_orchestrator.cli.main.app, [], prog_name='wand', env=env)\n"
        "print([name for name in ('wand_orchestrator.settings', 'temporalio', 'httpx') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
