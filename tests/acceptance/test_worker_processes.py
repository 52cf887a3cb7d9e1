"""`wand worker --processes 2`: two workers under one command, which leave nothing behind."""

import os
import re
import signal
from pathlib import Path

import pytest

from tests.acceptance.test_kill import Apart
from tests.acceptance.wand_command import HTTP, RunningWand, WandDev, running, wait_until, wand
from wand_orchestrator.cli.processes.process_table import processes_with


def started(process: RunningWand) -> list[int]:
    return [int(pid) for pid in re.findall(r"Worker process (\d+) began", process.complaints)]


def workers_of(apart: Apart) -> set[int]:
    return {process.pid for process in processes_with("worker", "--queue", apart.settings["WAND_TASK_QUEUE"])}


def start(apart: Apart) -> RunningWand:
    process = RunningWand(("worker", "--processes", "2"), apart.folder, "workers", **apart.settings)
    process.wait_until(lambda: process.complaints.count("polls the task queue") == 2, "both poll")
    return process


def wide_run(apart: Apart, width: int) -> str:
    """The URL of a run that has just begun."""
    nodes = [{"id": f"n{i}", "type": "test.sleep", "params": {"sec": 0.2}, "heartbeat_sec": 1} for i in range(width)]
    answer = HTTP.post(f"{apart.url}/runs", json={"graph": {"name": "wide", "nodes": nodes}}, timeout=10)
    return f"{apart.url}/runs/{answer.json()['run_id']}"


def ended(run: str) -> str:
    wait_until(lambda: HTTP.get(run, timeout=10).json()["status"] == "succeeded", "the run ended")
    return run


def who_ran(run: str) -> set[str]:
    events = HTTP.get(f"{run}/logs", timeout=10).json()["events"]
    return {event["data"]["worker"] for event in events if event["type"] == "node.succeeded"}


@pytest.mark.parametrize("stop", ["interrupt", "kill"])
def test_all_processes_end_with_the_one_above(shared_wand: WandDev, tmp_path: Path, stop: str) -> None:
    apart = Apart(shared_wand.temporal_address, tmp_path)
    process = start(apart)
    assert workers_of(apart) == set(started(process))
    if stop == "kill":
        process.kill()
    else:
        assert process.interrupt() == 0
    wait_until(lambda: workers_of(apart) == set(), "no worker was left")


def test_they_share_a_wide_run_and_one_that_is_killed_is_started_again(shared_wand: WandDev, tmp_path: Path) -> None:
    apart = Apart(shared_wand.temporal_address, tmp_path)
    api, process = apart.api("api"), start(apart)
    try:
        wait_until(lambda: len(who_ran(ended(wide_run(apart, 30)))) == 2, "both took part in a run")
        run = wide_run(apart, 8)
        os.kill(started(process)[0], signal.SIGKILL)
        process.wait_until(lambda: process.complaints.count("polls the task queue") == 3, "another one polls")
        ended(run)
        assert len(started(process)) == 3
    finally:
        assert process.terminate() == 0
        api.kill()


def test_one_that_gives_up_ends_them_all_with_its_reason(tmp_path: Path) -> None:
    unusable = {"WAND_DATABASE_URL": "mysql://db/wand"}
    arguments = ("worker", "--processes", "2", "--queue", "gives-up")
    with running(arguments, tmp_path, "workers", **unusable) as process:
        assert process.wait() == 1
        assert "gave up" in process.complaints
    assert processes_with("worker", "--queue", "gives-up") == []


def test_a_plugin_that_is_missing_is_told_once(tmp_path: Path) -> None:
    ended = wand("worker", "--processes", "2", cwd=tmp_path, WAND_PLUGINS="there_is_none")
    assert ended.returncode == 1
    assert ended.stderr.count("does not import") == 1
