"""`wand dev`: what it starts, and what is left when it ends, in whatever way."""

import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import StartWandDev
from tests.acceptance.wand_command import HTTP, WandDev, printed, wait_until, wand
from wand_orchestrator.cli.processes.process_table import processes_with

ENDED = {"succeeded", "failed", "cancelled", "timed_out", "terminated"}


def start_run(dev: WandDev, *nodes: dict[str, Any]) -> str:
    answer = HTTP.post(f"{dev.url}/runs", json={"graph": {"name": "case", "nodes": list(nodes)}})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["run_id"])


def run_of(dev: WandDev, run_id: str) -> dict[str, Any]:
    answer = HTTP.get(f"{dev.url}/runs/{run_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ended(dev: WandDev, run_id: str) -> dict[str, Any]:
    wait_until(lambda: run_of(dev, run_id)["status"] in ENDED, "the run ended")
    return run_of(dev, run_id)


def test_it_prints_where_everything_is_and_all_of_it_answers(shared_wand: WandDev) -> None:
    output = shared_wand.process.output
    assert printed(output, "API") == shared_wand.url
    assert printed(output, "Temporal") in (shared_wand.temporal_address, "Web")
    assert HTTP.get(printed(output, "API docs")).status_code == 200
    web_ui = HTTP.get(printed(output, "Temporal Web UI"), follow_redirects=True)
    assert web_ui.status_code == 200
    assert "text/html" in web_ui.headers["content-type"]
    assert shared_wand.temporal_address in output


def test_ctrl_c_ends_it_with_status_0_and_leaves_no_process(wand_dev: StartWandDev) -> None:
    dev = wand_dev()
    assert len(dev.temporal_pids()) == 1
    assert dev.stop() == 0
    assert dev.left_behind() == []
    assert "Traceback" not in dev.process.complaints


def test_sigterm_ends_streams_and_gives_running_agents_their_grace(wand_dev: StartWandDev) -> None:
    dev = wand_dev(WAND_SHUTDOWN_GRACE_SEC="30")
    run_id = start_run(dev, {"id": "gate", "type": "test.gate", "params": {"open": str(dev.folder / "open")}})
    with HTTP.stream("GET", f"{dev.url}/runs/{run_id}/stream", timeout=30) as stream:
        lines = stream.iter_lines()
        while "node.scheduled" not in next(lines):
            pass
        wait_until(lambda: run_of(dev, run_id)["nodes"]["gate"]["status"] == "running", "the agent ran")
        os.kill(dev.pid, signal.SIGTERM)
        for _ in lines:  # until the stream ends
            pass
    assert dev.process.status is None
    (dev.folder / "open").touch()
    assert dev.process.wait() == 0
    assert dev.left_behind() == []
    dev.restart()
    run = ended(dev, run_id)
    assert run["status"] == "succeeded"
    assert run["nodes"]["gate"]["attempt"] == 1


def test_a_second_signal_ends_it_at_once(wand_dev: StartWandDev) -> None:
    dev = wand_dev(WAND_SHUTDOWN_GRACE_SEC="600")
    run_id = start_run(dev, {"id": "gate", "type": "test.gate", "params": {"open": str(dev.folder / "open")}})
    wait_until(lambda: run_of(dev, run_id)["nodes"]["gate"]["status"] == "running", "the agent ran")
    os.killpg(dev.pid, signal.SIGINT)
    dev.process.wait_for_complaint("Ctrl-C again")
    assert dev.stop() == 130
    wait_until(lambda: dev.left_behind() == [], "Temporal had ended")


def test_a_restart_after_kill_9_has_the_earlier_runs_and_ends_the_open_ones(wand_dev: StartWandDev) -> None:
    dev = wand_dev()
    done = start_run(dev, {"id": "a", "type": "test.emit", "params": {"value": 1}})
    before = ended(dev, done)
    opened = start_run(dev, {"id": "gate", "type": "test.gate", "params": {"open": str(dev.folder / "open")}})
    wait_until(lambda: run_of(dev, opened)["nodes"]["gate"]["status"] == "running", "the agent ran")
    dev.kill()
    dev.restart()
    assert run_of(dev, done) == before
    (dev.folder / "open").touch()
    assert ended(dev, opened)["status"] == "succeeded"


def test_after_kill_9_temporal_ends_by_itself(wand_dev: StartWandDev) -> None:
    dev = wand_dev()
    dev.kill()
    wait_until(lambda: dev.left_behind() == [], "Temporal had ended")


def test_a_temporal_that_nobody_watches_over_any_more_is_ended_by_the_next_start(wand_dev: StartWandDev) -> None:
    dev = wand_dev()
    (orphan,) = dev.temporal_pids()
    for watchdog in processes_with("wand-watchdog", f" {orphan} "):
        os.kill(watchdog.pid, signal.SIGKILL)
    wait_until(lambda: processes_with("wand-watchdog", f" {orphan} ") == [], "the watchdog had ended")
    dev.kill()
    assert dev.temporal_pids() == [orphan]
    dev.restart()
    assert dev.temporal_pids() != [orphan]
    assert len(dev.temporal_pids()) == 1


def test_it_ends_with_a_clear_line_when_temporal_is_lost(wand_dev: StartWandDev) -> None:
    dev = wand_dev()
    (pid,) = dev.temporal_pids()
    os.kill(pid, signal.SIGKILL)
    assert dev.process.wait() == 1
    assert "wand: the embedded Temporal server has ended" in dev.process.complaints
    assert "Traceback" not in dev.process.complaints


@pytest.mark.parametrize("flag", ["--port", "--temporal-port", "--ui-port"])
def test_a_taken_port_is_named_with_the_flag_that_changes_it(flag: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        ports = {"--port": "0", "--temporal-port": "0", "--ui-port": "0", flag: str(taken)}
        ended = wand("dev", *(word for pair in ports.items() for word in pair), cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert f"port {taken} " in line
    assert f"{flag} " in line
    assert "is taken" in line


def test_a_second_one_on_the_same_folder_is_refused_and_names_the_first(shared_wand: WandDev) -> None:
    free = ("--port", "0", "--temporal-port", "0", "--ui-port", "0")
    ended = wand("dev", *free, "--data-dir", str(shared_wand.data_dir), cwd=shared_wand.folder)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert f"is in use by another wand (process {shared_wand.pid})" in line
    assert shared_wand.ready()
