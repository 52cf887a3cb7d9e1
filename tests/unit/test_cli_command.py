"""The parts of the command that need nothing running."""

import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.complaint import complaint
from cli.document import read_argument, read_document
from cli.own_packages import collision, foreign_packages
from cli.process_table import end, processes_with
from cli.run_display import RunDisplay
from wand_orchestrator.errors import BadRequest, Unavailable, WandError
from wand_orchestrator.events import Event
from wand_orchestrator.settings import Settings

GRAPH = {"nodes": [{"id": "a", "type": "agent.fetch"}, {"id": "b", "type": "agent.chart"}]}


def event(seq: int, type: str, node: str | None = None, **rest: Any) -> Event:
    return Event.model_validate({"seq": seq, "ts": "2026-01-31T12:00:00Z", "type": type, "node": node, **rest})


def test_help_and_version_load_neither_temporal_nor_the_database() -> None:
    code = (
        "import sys, cli.main; print([name for name in ('temporalio', 'sqlalchemy', 'fastapi') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_the_packages_of_this_checkout_are_its_own() -> None:
    assert foreign_packages() == {}


def test_packages_that_lie_elsewhere_are_named_with_their_place(tmp_path: Path) -> None:
    foreign = foreign_packages(tmp_path)
    assert set(foreign) == {"wand_orchestrator", "workflows", "activities", "api", "cli"}
    line = collision(foreign)
    assert "\n" not in line
    assert f"`workflows` from {foreign['workflows']}" in line


def test_a_wrong_setting_is_named_by_its_variable_without_its_value() -> None:
    with pytest.raises(ValueError, match="port") as raised:
        Settings(_env_file=None, port=70000)
    line = complaint(raised.value)
    assert line is not None
    assert line.startswith("WAND_PORT: ")


def test_an_error_that_nobody_foresaw_keeps_its_trace() -> None:
    assert complaint(KeyError("x")) is None


@pytest.mark.parametrize(
    "error", [WandError("two\nlines"), FileNotFoundError(2, "No such file", "graph.json"), OSError("odd")]
)
def test_a_complaint_is_one_line(error: Exception) -> None:
    line = complaint(error)
    assert line
    assert "\n" not in line


def test_a_document_that_is_not_json_is_told_by_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "graph.json"
    file.write_text('{\n  "a": }')
    with pytest.raises(BadRequest, match="at line 2, column 8"):
        read_document(str(file))


def test_an_argument_is_json_or_names_a_file(tmp_path: Path) -> None:
    (tmp_path / "input.json").write_text("[1]")
    assert read_argument('{"a": 1}', "--input") == {"a": 1}
    assert read_argument(f"@{tmp_path / 'input.json'}", "--input") == [1]


def test_without_a_terminal_every_event_is_one_line() -> None:
    out = StringIO()
    display = RunDisplay(Console(file=out, width=40), "r_1", GRAPH)
    with display.shown():
        display.take(event(1, "node.scheduled", "a", message="a scheduled " + "x" * 100))
        display.take(Unavailable("api", "no API answers"))
        display.take(event(2, "run.succeeded", progress=100))
    assert [line[:22] for line in out.getvalue().splitlines()] == [
        "  0 % node.scheduled a",
        "no API answers",
        "100 % run.succeeded",
    ]


def test_on_a_terminal_there_is_a_bar_and_one_line_a_node() -> None:
    out = StringIO()
    display = RunDisplay(Console(file=out, width=120, force_terminal=True, color_system=None), "r_1", GRAPH)
    with display.shown():
        display.take(event(1, "node.scheduled", "a"))
        display.take(event(2, "node.succeeded", "a", progress=50, data={"duration_ms": 1200}))
        display.take(event(3, "node.failed", "b", data={"error": {"code": "x", "message": "it broke"}}))
        display.take(event(4, "run.failed", progress=50))
    text = out.getvalue().rpartition("r_1")[2]
    assert "50 % failed" in text
    assert "✓ a agent.fetch succeeded" in text
    assert "1.2 s" in text
    assert "✗ b agent.chart failed" in text
    assert "it broke" in text


def test_a_large_graph_shows_what_fits_failures_first() -> None:
    out = StringIO()
    graph = {"nodes": [{"id": f"n{i}", "type": "t"} for i in range(500)]}
    console = Console(file=out, width=80, height=20, force_terminal=True, color_system=None)
    display = RunDisplay(console, "r_1", graph)
    with display.shown():
        display.take(event(1, "node.failed", "n499"))
    last = out.getvalue().rpartition("r_1")[2]
    assert len(last.splitlines()) <= 20
    assert "✗ n499" in last
    assert "and 485 more nodes" in last


def test_a_process_is_found_by_its_command_line_and_ended() -> None:
    mark = f"wand-test-{time.time_ns()}"
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", mark])
    try:
        while not (found := processes_with("time.sleep(600)", mark)):
            time.sleep(0.01)
        assert [process.pid for process in found] == [child.pid]
        end(found, grace_sec=10)
        assert child.wait(10) != 0
    finally:
        child.kill()
    assert processes_with(mark) == []
