"""How the command shows what an agent failed of, and what an event says."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from wand_orchestrator.cli.client.open_approvals import OpenApproval
from wand_orchestrator.cli.display.event_line import told
from wand_orchestrator.cli.display.event_log import _line
from wand_orchestrator.cli.display.failure_view import failure_lines, named
from wand_orchestrator.cli.display.run_display import RunDisplay
from wand_orchestrator.cli.display.run_view import print_run
from wand_orchestrator.cli.display.watching import report
from wand_orchestrator.contract.events import Event

FRAME = {"file": "acme/text.py", "line": 12, "function": "parse"}
ERROR = {
    "code": "LookupError",
    "message": "no city\nin it",
    "node": "a",
    "details": None,
    "worker": "host:1",
    "exception": {
        "type": "LookupError",
        "frames": [FRAME],
        "causes": [{"relation": "cause", "type": "ConnectionError", "message": "no \x1broute", "frames": [FRAME]}],
        "more_causes": 2,
    },
}
LINES = [
    "at acme/text.py:12 in parse",
    "caused by ConnectionError: no \\x1broute",
    "  at acme/text.py:12 in parse",
    "and 2 more causes",
    "on host:1",
]


def event(type: str, **rest: Any) -> Event:
    return Event.model_validate({"seq": 7, "ts": "2026-01-31T12:00:00Z", "type": type, **rest})


def test_the_lines_of_an_error_tell_where_and_why() -> None:
    assert failure_lines(ERROR) == LINES


def test_an_error_of_an_earlier_release_has_none() -> None:
    assert failure_lines({"code": "boom", "message": "it broke"}) == []


def test_the_class_of_an_exception_is_told_where_the_code_does_not() -> None:
    assert named({"code": "busy", "message": "no", "exception": {"type": "acme.ShopError"}}) == "no (busy, ShopError)"
    assert named({"code": "busy", "message": "no", "exception": {"type": "wand_orchestrator.errors.AgentError"}}) == (
        "no (busy)"
    )
    assert named({"code": "timeout", "message": "too slow", "exception": None}) == "too slow (timeout)"


def test_a_line_of_the_log_has_data_and_percent() -> None:
    log = event("node.log", node="a", message="read", data={"count": 3, "unit": "km"})
    assert _line(log).plain.endswith('node.log a: read count=3 unit="km"')
    assert told(event("node.progress", node="a", message="page 3", progress=42)) == "node.progress a: page 3, 42 %"
    assert told(event("node.progress", node="a", progress=42)) == "node.progress a: 42 %"


def test_below_a_failure_in_the_log_stands_what_is_behind_it() -> None:
    failed = event("node.failed", level="error", node="a", message="a failed", data={"error": ERROR, "duration_ms": 5})
    first, *below = _line(failed).plain.splitlines()
    assert first.endswith("node.failed a: a failed duration_ms=5")
    assert below == [f"    {line}" for line in LINES]


def test_what_a_node_failed_of_is_not_told_again_for_its_run() -> None:
    of_node = event("run.failed", level="error", message="demo failed", data={"error": ERROR})
    assert _line(of_node).plain.endswith("run.failed: demo failed")
    of_run = event("run.failed", level="error", message="demo failed", data={"error": {**ERROR, "node": None}})
    assert _line(of_run).plain.splitlines()[1:] == [f"    {line}" for line in LINES]


def test_the_runs_percent_stands_in_the_runs_column() -> None:
    out = StringIO()
    display = RunDisplay(Console(file=out, width=200), "r_1", {"nodes": [{"id": "a", "type": "t"}]})
    display.take(event("node.progress", node="a", progress=42))
    display.take(event("node.succeeded", node="a", progress=50))
    display.take(event("node.progress", node="b", progress=7))
    assert out.getvalue().splitlines() == [
        "  0 % node.progress a: 42 %",
        " 50 % node.succeeded a",
        " 50 % node.progress b: 7 %",
    ]


def test_a_run_without_a_result_says_why_and_prints_none(capsys: pytest.CaptureFixture[str]) -> None:
    report({"status": "failed", "result": None, "error": ERROR})
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "failed at a: no city\\nin it (LookupError)",
        *(f"    {line}" for line in LINES),
    ]


def test_a_cancelled_run_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    report({"status": "cancelled", "result": None, "error": None})
    assert capsys.readouterr().err == "the run is cancelled\n"


def run_view(run_status: str, **node: Any) -> dict[str, Any]:
    absent = ("name", "graph_id", "part_of", "retry_of", "created_at", "started_at", "finished_at", "result", "input")
    times: dict[str, Any] = {"started_at": None, "finished_at": None, "percent": None, "waiting_for": []}
    nodes = {"a": {"attempt": 1, "error": ERROR, **times, **node}}
    lists: dict[str, Any] = {"tags": [], "retried_by": [], "waiting_for": []}
    return {
        **dict.fromkeys(absent),
        **lists,
        "run_id": "r_1",
        "status": run_status,
        "progress": 0,
        "nodes": nodes,
        "error": None,
    }


def test_a_run_is_shown_with_what_its_nodes_failed_of(capsys: pytest.CaptureFixture[str]) -> None:
    print_run(run_view("failed", status="failed"))
    assert "\na: no city\\nin it (LookupError)\n    at acme/text.py:12 in parse\n" in capsys.readouterr().out


def test_an_error_that_another_attempt_made_good_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    print_run(run_view("succeeded", status="succeeded", attempt=2))
    assert "no city" not in capsys.readouterr().out


def test_a_run_is_shown_with_what_it_asks_and_how_to_answer(capsys: pytest.CaptureFixture[str]) -> None:
    approval = OpenApproval("r_1", "a", "Send \x1bit?", {"type": "boolean"})
    print_run(run_view("running", status="waiting", error=None), [approval])
    assert capsys.readouterr().out.endswith(
        '\na asks: Send \\x1bit?\n    wand runs respond r_1 a --answer JSON\n    JSON that fits {"type": "boolean"}\n'
    )
