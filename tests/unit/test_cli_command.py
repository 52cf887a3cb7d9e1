"""The parts of the command that need nothing running."""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from wand_orchestrator.__main__ import ROOMS, missing_rooms
from wand_orchestrator.cli.client.document_file import graph_of, read_argument, read_document
from wand_orchestrator.cli.display.complaint import complaint
from wand_orchestrator.cli.display.run_display import RunDisplay
from wand_orchestrator.cli.processes.process_table import end, processes_with
from wand_orchestrator.contract.emitted_text import Delta
from wand_orchestrator.contract.events import Event
from wand_orchestrator.errors import BadRequest, Unavailable, WandError
from wand_orchestrator.settings import Settings

ROOT = Path(__file__).parents[2]
GRAPH = {"nodes": [{"id": "a", "type": "agent.fetch"}, {"id": "b", "type": "agent.chart"}]}


def event(seq: int, type: str, node: str | None = None, **rest: Any) -> Event:
    return Event.model_validate({"seq": seq, "ts": "2026-01-31T12:00:00Z", "type": type, "node": node, **rest})


def test_help_and_version_load_neither_temporal_nor_the_database() -> None:
    heavy = ("temporalio", "sqlalchemy", "fastapi")
    code = f"import sys, wand_orchestrator.cli.main; print([name for name in {heavy} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_ctrl_c_while_the_command_is_still_being_imported_ends_it_quietly() -> None:
    code = "import wand_orchestrator.__main__, os, signal; os.kill(os.getpid(), signal.SIGINT)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "")


def test_ctrl_c_later_is_the_commands_own() -> None:
    code = (
        "import wand_orchestrator.__main__, wand_orchestrator.cli.main, signal\n"
        "command = wand_orchestrator.cli.main\n"
        "command.main = lambda: print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)\n"
        "wand_orchestrator.__main__.main()"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"


def ended_by(statement: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """`wand agents`, where a registry is loaded with this effect."""
    code = (
        "import asyncio, sys, wand_orchestrator.cli.main, wand_orchestrator.plugins as registry\n"
        f"def load(settings): {statement}\n"
        "registry.Registry.load = load\n"
        f"sys.argv = ['wand', {', '.join(map(repr, arguments))}]\n"
        "wand_orchestrator.cli.main.main()"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_what_nobody_foresaw_ends_with_a_sentence_below_its_trace() -> None:
    ended = ended_by("raise KeyError('x')", "agents")
    assert ended.returncode == 1
    assert ended.stderr.startswith("Traceback")
    last = ended.stderr.splitlines()[-1]
    assert last == "wand: KeyError: 'x': nobody foresaw this; please report it with the trace above"


@pytest.mark.parametrize(("status", "arguments"), [(0, ("version",)), (1, ("graphs", "validate", "faulty.json"))])
def test_an_exit_status_is_no_error(tmp_path: Path, status: int, arguments: tuple[str, ...]) -> None:
    (tmp_path / "faulty.json").write_text("{}")
    code = f"import sys; from wand_orchestrator.cli.main import main; sys.argv = {['wand', *arguments]!r}; main()"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert (ended.returncode, ended.stderr) == (status, "")


def test_a_command_line_that_cannot_be_read_ends_with_2() -> None:
    ended = ended_by("pass", "graphs", "validate", "--nope")
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("raise MemoryError", "wand: there is not enough memory"),
        ("import no_such_package", "wand: the Python package no_such_package is not installed, or broken: "),
        ("raise asyncio.CancelledError", "wand: CancelledError: it ended for a reason that nobody foresaw"),
    ],
)
def test_no_error_ends_it_without_a_sentence(statement: str, line: str) -> None:
    ended = ended_by(statement, "agents")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(line)


def test_a_character_that_the_terminal_cannot_show_is_told_by_its_number() -> None:
    code = (
        "import sys, wand_orchestrator.cli.main\n"
        "sys.argv = ['wand', 'version']\n"
        "wand_orchestrator.cli.main._print_version = lambda _: print('\u2713')\n"
        "wand_orchestrator.cli.main.main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert ended.stdout == b"\\u2713\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff{}", "is not UTF-8: byte 0"),
        (b"[" * 100_000, "nested more than 100 deep"),
        (b"[" * 101 + b"]" * 101, "nested more than 100 deep"),
        (b"9" * 5000, "a number has too many digits"),
        (b'{"name": "a", "name": "b"}', "the key 'name' stands twice"),
        (b"[1e999]", "larger than any number"),
        (b"[NaN]", "NaN is no JSON number"),
        (b'["\\ud800"]', "half a surrogate pair"),
        (b"", "is empty"),
    ],
)
def test_a_document_that_cannot_be_read_is_told_why(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "graph.json").write_bytes(content)
    with pytest.raises(BadRequest, match=reason):
        read_document(str(tmp_path / "graph.json"))


def test_this_checkout_has_its_links() -> None:
    assert missing_rooms() == []


def test_a_checkout_without_links_says_so_in_one_line(tmp_path: Path) -> None:
    package = tmp_path / "wand_orchestrator"
    package.mkdir()
    for name in ("__init__.py", "__main__.py"):
        shutil.copy(ROOT / "wand_orchestrator" / name, package)
    (package / "__init__.py").write_text("")
    for room in ROOMS:
        (package / room).write_text(f"../{room}")
    ended = subprocess.run(
        [sys.executable, "-m", "wand_orchestrator"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "wand_orchestrator/workflows" in ended.stderr
    assert "core.symlinks" in ended.stderr


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


def test_a_document_may_be_yaml(tmp_path: Path) -> None:
    (tmp_path / "graph.yaml").write_text("name: x\non: [yes]\n")
    (tmp_path / "other").write_text('{"a": 1}')
    assert read_document(str(tmp_path / "graph.yaml")) == {"name": "x", "on": ["yes"]}
    assert read_document(str(tmp_path / "other")) == {"a": 1}
    (tmp_path / "graph.yml").write_text("a: 1\na: 2\n")
    with pytest.raises(BadRequest, match=r"graph.yml: .* lines 1 and 2"):
        read_document(str(tmp_path / "graph.yml"))


def test_a_graph_is_named_by_file_id_or_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("demo").write_text("{}")
    Path("folder").mkdir()
    monkeypatch.setattr("sys.stdin", io.StringIO("name: y"))
    assert graph_of("demo") == {"graph": {}}
    assert graph_of("-") == {"graph": {"name": "y"}}
    assert graph_of("folder") == {"graph_name": "folder"}
    assert graph_of("other", 3) == {"graph_name": "other", "version": 3}
    assert graph_of("g_" + "0" * 32) == {"graph_id": "g_" + "0" * 32}
    with pytest.raises(FileNotFoundError):
        graph_of("missing.yaml")
    with pytest.raises(BadRequest, match="--version"):
        graph_of("demo", 1)


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


def _delta(text: str, offset: int = 1, node: str = "a") -> Delta:
    return Delta(node=node, attempt=1, offset=offset, text=text)


def _last_frame(*items: Event | Delta, height: int = 40) -> str:
    out = StringIO()
    console = Console(file=out, width=40, height=height, force_terminal=True, color_system=None)
    display = RunDisplay(console, "r_1", GRAPH)
    with display.shown():
        for item in items:
            display.take(item)
    return out.getvalue().rpartition("r_1")[2]


def test_on_a_terminal_the_last_lines_of_emitted_text_are_shown_until_its_node_ends() -> None:
    lines = "".join(f"line {number}\n" for number in range(20))
    shown = _last_frame(_delta("gone", 0), _delta(lines, 0), _delta("word " * 20 + "\x1b[2Jend"))
    assert "gone" not in shown
    assert "line 3" not in shown
    assert "\\x1b[2Jend" in shown
    assert len(shown.splitlines()) < 20

    assert "whole" not in _last_frame(_delta("the whole", 0), event(1, "node.succeeded", "a"))
    assert "half" not in _last_frame(_delta("half", 0), event(1, "node.retrying", "a"))


def test_emitted_text_leaves_room_for_the_nodes() -> None:
    texts = [_delta("x\n" * 50, 0, node) for node in ("a", "b", "c[0]", "c[1]", "c[2]")]
    assert len(_last_frame(*texts, height=16).splitlines()) <= 16


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
