"""`kill -9` at any moment: the run ends as it would have, what had finished does not run again, no event is lost."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sample_agents import Diary

from tests.acceptance.conftest import StartWandDev
from tests.acceptance.event_log import EventLog
from tests.acceptance.wand_command import HTTP, RunningWand, WandDev, wait_until
from tests.postgres import PostgresServer
from wand_orchestrator.cli.processes.ports import free_port

LENGTH = 9


def chain(folder: Path) -> dict[str, Any]:
    """Nodes in a row that note their starts and ends; each takes 0.2 s."""
    nodes = [
        {
            "id": f"n{i}",
            "type": "test.sleep",
            "params": {"sec": 0.2, "folder": str(folder)},
            "heartbeat_sec": 2,
        }
        for i in range(LENGTH)
    ]
    return {"name": "chain", "nodes": nodes, "edges": [{"from": f"n{i}", "to": f"n{i + 1}"} for i in range(LENGTH - 1)]}


def start(url: str, graph: dict[str, Any]) -> str:
    answer = HTTP.post(f"{url}/runs", json={"graph": graph}, timeout=10)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["run_id"])


def check(url: str, run_id: str, log: EventLog, diary: Diary, begun: dict[str, int]) -> None:
    """`begun`: how often each node had started when it was seen to have succeeded, at the moment of a kill."""
    wait_until(lambda: log.ended, "the run ended")
    assert [event["seq"] for event in log.events] == list(range(1, len(log.events) + 1))
    assert log.events[-1]["type"] == "run.succeeded"
    assert HTTP.get(f"{url}/runs/{run_id}/logs").json()["events"] == log.events
    wait_until(lambda: status(url, run_id) == "succeeded", "its result stood in the database")
    run = HTTP.get(f"{url}/runs/{run_id}").json()
    assert {view["status"] for view in run["nodes"].values()} == {"succeeded"}
    assert {node: diary.count("start", node) for node in begun} == begun


def succeeded(log: EventLog, diary: Diary) -> dict[str, int]:
    nodes = [event["node"] for event in log.events if event["type"] == "node.succeeded"]
    return {node: diary.count("start", node) for node in nodes}


def test_wand_dev_is_killed_twice_during_a_run(wand_dev: StartWandDev) -> None:
    dev = wand_dev()
    run_and_kill(dev, lambda: kill(dev, temporal_too=False))


def test_everything_and_postgresql_are_killed_twice_during_a_run(
    wand_dev: StartWandDev, postgres: PostgresServer
) -> None:
    dev = wand_dev(WAND_DATABASE_URL=postgres.new_database())

    def kill_all() -> None:
        postgres.kill()
        kill(dev, temporal_too=True)
        postgres.start()

    run_and_kill(dev, kill_all)


def run_and_kill(dev: WandDev, kill_it: Callable[[], None]) -> None:
    folder = dev.folder / "diary"
    folder.mkdir()
    diary = Diary(folder)
    run_id = start(dev.url, chain(folder))
    begun: dict[str, int] = {}
    with EventLog(dev.url, run_id) as log:
        for seen in ("n1", "n4"):
            wait_until(lambda seen=seen: log.seen("node.succeeded", seen), f"{seen} succeeded")  # type: ignore[misc]
            begun = succeeded(log, diary) | begun
            kill_it()
            dev.restart()
        check(dev.url, run_id, log, diary, begun)
    assert log.connections >= 3


def kill(dev: WandDev, temporal_too: bool) -> None:
    pids = dev.temporal_pids()
    dev.kill()
    if temporal_too:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)


def control_nodes(folder: Path) -> dict[str, Any]:
    """In a row: an approval, a wait, a map, a child graph, a repeat."""

    def sleeping(sec: float) -> dict[str, Any]:
        return {"agent": "test.sleep", "params": {"sec": sec, "folder": str(folder)}}

    nodes = [
        {"id": "ask", "type": "flow.approval"},
        {"id": "wait", "type": "flow.wait", "params": {"seconds": 5}},
        {"id": "items", "type": "agent.transform", "params": {"expression": "`[1, 2, 3, 4, 5, 6, 7, 8]`"}},
        {"id": "each", "type": "flow.map", "params": sleeping(0.3) | {"concurrency": 2}, "heartbeat_sec": 2},
        {"id": "sub", "type": "flow.graph", "params": {"graph": "chain"}},
        {
            "id": "rounds",
            "type": "flow.repeat",
            "params": sleeping(0.3) | {"until": "`false`", "max_times": 3},
            "heartbeat_sec": 2,
        },
    ]
    edges = [
        {"from": "ask", "to": "wait"},
        {"from": "wait", "to": "items"},
        {"from": "items", "to": "each", "map": {"items": "@"}},
        {"from": "each", "to": "sub"},
        {"from": "sub", "to": "rounds"},
    ]
    return {"name": "control", "nodes": nodes, "edges": edges}


def test_everything_is_killed_in_each_state_of_a_control_node(wand_dev: StartWandDev) -> None:
    dev = wand_dev()
    folder = dev.folder / "diary"
    folder.mkdir()
    diary = Diary(folder)
    short = {"name": "chain", "nodes": chain(folder)["nodes"][:2], "edges": [{"from": "n0", "to": "n1"}]}
    assert HTTP.post(f"{dev.url}/graphs", json=short, timeout=10).status_code == 201
    run_id = start(dev.url, control_nodes(folder))
    begun: dict[str, int] = {}
    with EventLog(dev.url, run_id) as log:
        for type, node in (
            ("node.waiting", "ask"),
            ("node.waiting", "wait"),
            ("node.succeeded", "each[2]"),
            ("node.succeeded", "sub/n0"),
            ("node.succeeded", "rounds[0]"),
        ):
            wait_until(lambda type=type, node=node: log.seen(type, node), f"{node} told {type}")  # type: ignore[misc]
            # Nodes of a child run know themselves by their own id.
            done = {name.rpartition("/")[2] for name in succeeded(log, diary)}
            begun = {name: diary.count("start", name) for name in done} | begun
            kill(dev, temporal_too=True)
            dev.restart()
            if node == "ask":
                wait_until(lambda: answered(dev.url, run_id), "the approval was answered")
        check(dev.url, run_id, log, diary, begun)
    assert {"each[0]", "rounds[0]"} <= begun.keys()
    result = HTTP.get(f"{dev.url}/runs/{run_id}").json()["result"]
    assert result["outputs"]["rounds"]["times"] == 3
    check_values(dev.url, run_id, folder)


def answered(url: str, run_id: str) -> bool:
    """Answer the approval, unless an earlier answer came through, of which a busy worker told nothing in time."""
    answer = HTTP.post(f"{url}/runs/{run_id}/nodes/ask/respond", json={"answer": 1}, timeout=30)
    assert answer.status_code in (200, 409, 503), answer.text
    return answer.status_code != 503


def check_values(url: str, run_id: str, folder: Path) -> None:
    """What went through the nodes is there, of those as well that had ended before a kill."""
    sleeps = {"sec": 0.3, "folder": str(folder)}
    parts = [(f"each[{index}]", sleeps, {"item": index + 1}) for index in range(8)]
    parts += [("rounds[0]", sleeps, {}), ("sub/n0", {"sec": 0.2, "folder": str(folder)}, {})]
    for node, params, input in parts:
        shown = HTTP.get(f"{url}/runs/{run_id}/nodes/{node}").json()
        assert (shown["params"], shown["input"]) == (params, input), node
        assert "output" in shown["values"], node
    ask = HTTP.get(f"{url}/runs/{run_id}/nodes/ask").json()
    assert ask["output"] == 1


def test_a_run_that_was_just_accepted_is_not_lost(wand_dev: StartWandDev) -> None:
    dev = wand_dev()
    folder = dev.folder / "diary"
    folder.mkdir()
    run_ids = [start(dev.url, chain(folder) | {"nodes": chain(folder)["nodes"][:1], "edges": []}) for _ in range(5)]
    kill(dev, temporal_too=True)

    dev.restart()

    for run_id in run_ids:
        wait_until(lambda id=run_id: status(dev.url, id) == "succeeded", "the run ended")  # type: ignore[misc]


def status(url: str, run_id: str) -> str:
    return str(HTTP.get(f"{url}/runs/{run_id}").json()["status"])


class Apart:
    """`wand api` and `wand worker` as processes of their own, on the Temporal of a `wand dev`."""

    def __init__(self, temporal_address: str, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {
            "TEMPORAL_ADDRESS": temporal_address,
            "WAND_DATA_DIR": str(folder / "data"),
            "WAND_TASK_QUEUE": f"apart-{self.port}",
            "WAND_PLUGINS": "sample_agents",
            **settings,
        }

    def api(self, name: str) -> RunningWand:
        process = RunningWand(("api", "--port", str(self.port)), self.folder, name, **self.settings)
        process.wait_for_complaint("The API is at")
        return process

    def worker(self, name: str) -> RunningWand:
        process = RunningWand(("worker",), self.folder, name, **self.settings)
        process.wait_for_complaint("The worker polls the task queue")
        return process


@pytest.mark.parametrize("victim", ["worker", "api"])
def test_one_process_of_several_is_killed(shared_wand: WandDev, tmp_path: Path, victim: str) -> None:
    apart = Apart(shared_wand.temporal_address, tmp_path)
    folder = tmp_path / "diary"
    folder.mkdir()
    diary = Diary(folder)
    processes = {"api": apart.api("api"), "worker": apart.worker("worker")}
    try:
        run_id = start(apart.url, chain(folder))
        with EventLog(apart.url, run_id) as log:
            wait_until(lambda: log.seen("node.succeeded", "n2"), "n2 succeeded")
            begun = succeeded(log, diary)
            processes[victim].kill()
            processes[victim] = apart.api("api-2") if victim == "api" else apart.worker("worker-2")
            check(apart.url, run_id, log, diary, begun)
    finally:
        for process in processes.values():
            if process.status is None:
                process.kill()
