"""`wand graphs new` writes the document of a graph that a program builds, or says what is wrong and where."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from wand_orchestrator.cli.commands.graphs import app
from wand_orchestrator.errors import WandError

PROGRAM = """
from wand_orchestrator import GraphBuilder

print("loaded")
graph = GraphBuilder("squares")
graph.transform("numbers", [1, 4, 9])

def faulty():
    g = GraphBuilder("faulty")
    g.add("agent.fetch", "page", params={"link": "https://example.com"})
    return g

nothing = 5
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "squares_program.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "squares_program", raising=False)
    return "squares_program"


def new(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["new", "--from", *arguments])


def test_it_prints_the_document_or_writes_it(program: str) -> None:
    printed = new(f"{program}:graph")
    document = {
        "name": "squares",
        "nodes": [{"id": "numbers", "type": "agent.transform", "params": {"expression": "`[1, 4, 9]`"}}],
    }
    assert json.loads(printed.stdout) == document

    assert new(f"{program}:graph", "-o", "squares.json").exit_code == 0
    assert json.loads(Path("squares.json").read_text()) == document


def test_each_fault_has_its_line_of_the_program(program: str) -> None:
    refused = new(f"{program}:faulty")
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert f"{program}.py:10" in refused.stderr.replace("\n", "")
    assert "unknown_param" in refused.stderr


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("squares_program", "write module:function"),
        ("squares_programs:graph", "there is no module 'squares_programs'"),
        ("squares_program:graphs", "has no 'graphs'"),
        ("squares_program:nothing", "it must return a GraphBuilder"),
    ],
)
def test_a_place_without_a_graph_says_what_to_write(program: str, name: str, told: str) -> None:
    ended = new(name)
    assert isinstance(ended.exception, WandError)
    assert told in str(ended.exception)
