"""docs/cli.md knows every command, and its command lines can be read."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from wand_orchestrator.cli.main import app

DOCUMENT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", DOCUMENT, flags=re.DOTALL)
ROOT = typer.main.get_command(app)


def lines() -> list[list[str]]:
    """The words behind `wand` of every example, without what only the shell reads."""
    found = [re.search(r"wand ([^)\n]*)", line) for block in BLOCKS for line in block.splitlines()]
    return [shlex.split(match.group(1), comments=True) for match in found if match]


def commands(command: object, name: str = "") -> Iterator[str]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name
    for key, sub in (below or {}).items():
        yield from commands(sub, f"{name} {key}".strip())


@pytest.mark.parametrize("command", [*commands(ROOT)])
def test_every_command_has_an_example(command: str) -> None:
    words = command.split()
    assert any(line[: len(words)] == words for line in lines())


@pytest.mark.parametrize("line", lines(), ids=" ".join)
def test_the_words_of_an_example_are_those_of_the_command(line: list[str]) -> None:
    command, arguments = ROOT, line
    while (below := getattr(command, "commands", None)) and arguments and arguments[0] in below:
        command, arguments = below[arguments[0]], arguments[1:]
    if command is not ROOT:
        command.make_context("wand", list(arguments))
