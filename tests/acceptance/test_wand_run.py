"""`wand run` and its neighbours, against a running `wand dev`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.wand_command import HTTP, WandDev, running, wait_until, wand, wand_here
from wand_orchestrator.cli.processes.ports import free_port

EXAMPLES = Path(__file__).parents[2] / "examples"
EMIT = {"id": "a", "type": "test.emit", "params": {"value": {"x": 7}}}


def graph_file(folder: Path, *nodes: dict[str, Any], **rest: Any) -> str:
    file = folder / "graph.json"
    file.write_text(json.dumps({"name": "case", "nodes": list(nodes), **rest}))
    return str(file)


def test_a_run_that_succeeds_ends_with_0_and_its_result_on_standard_output(
    shared_wand: WandDev, tmp_path: Path
) -> None:
    ended = wand("run", graph_file(tmp_path, EMIT), "--watch", "--url", shared_wand.url, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"outputs": {"a": {"x": 7}}, "sinks": ["a"], "skipped": [], "failed": []}
    assert "node.succeeded a" in ended.stderr
    assert "100 % run.succeeded" in ended.stderr


def test_a_stored_graph_runs_by_its_name_and_a_file_may_be_yaml(shared_wand: WandDev, tmp_path: Path) -> None:
    name = f"named-{tmp_path.name}"
    file = tmp_path / "graph.yaml"
    file.write_text(f"name: {name}\nnodes:\n  - id: a\n    type: test.emit\n    params: {{value: {{on: off}}}}\n")
    ended = wand("run", str(file), "--no-watch", "--url", shared_wand.url, cwd=tmp_path)
    assert json.loads(ended.stdout)["outputs"] == {"a": {"on": "off"}}, ended.stderr
    again = wand("run", name, "--url", shared_wand.url, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["outputs"] == {"a": {"on": "off"}}
    assert "node.succeeded a" in again.stderr
    missing = wand("run", name, "--version", "9", "--url", shared_wand.url, cwd=tmp_path)
    assert (missing.returncode, missing.stderr) == (1, f"wand: there is no graph {name}, version 9\n")


def test_without_watch_it_waits_and_says_only_the_result(shared_wand: WandDev, tmp_path: Path) -> None:
    ended = wand("run", graph_file(tmp_path, EMIT), "--no-watch", "--url", shared_wand.url, cwd=tmp_path)
    assert ended.returncode == 0
    assert json.loads(ended.stdout)["outputs"] == {"a": {"x": 7}}
    assert ended.stderr == ""


def test_a_run_that_fails_ends_with_1_and_says_why(shared_wand: WandDev, tmp_path: Path) -> None:
    file = graph_file(tmp_path, {"id": "bad", "type": "test.fail", "params": {"code": "asked", "retryable": False}})
    ended = wand("run", file, "--url", shared_wand.url, cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "failed at bad: " in ended.stderr
    assert "(asked)" in ended.stderr
    assert "\n    at sample_agents.py:" in ended.stderr


def test_input_comes_from_the_argument_from_a_file_and_the_graph_from_standard_input(
    shared_wand: WandDev, tmp_path: Path
) -> None:
    node = {"id": "a", "type": "test.emit", "params": {"value": {"$input": "who"}}}
    graph = Path(graph_file(tmp_path, node)).read_text()
    (tmp_path / "input.json").write_text('{"who": "file"}')
    given = {'{"who": "argument"}': "argument", "@input.json": "file"}
    for argument, expected in given.items():
        ended = wand("run", "-", "--input", argument, "--url", shared_wand.url, cwd=tmp_path, input=graph)
        assert ended.returncode == 0, ended.stderr
        assert json.loads(ended.stdout)["outputs"] == {"a": expected}


def test_files_are_handed_to_a_run_under_their_names(shared_wand: WandDev, tmp_path: Path) -> None:
    table, note = tmp_path / "january.csv", tmp_path / "note.txt"
    table.write_text("a,b")
    note.write_text("short")
    nodes = [{"id": name, "type": "test.read_sync", "input": {"reference": {"$input": name}}} for name in ("t", "n")]
    files = ("--file", f"data.csv={table}", "--file", str(note))

    ended = wand_here(
        "run",
        graph_file(tmp_path, *nodes),
        *files,
        "--input",
        '{"t": "data.csv", "n": "note.txt"}',
        url=shared_wand.url,
    )

    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout)["outputs"] == {"t": "a,b", "n": "short"}
    missing = wand_here("run", graph_file(tmp_path, EMIT), "--file", "x=nowhere.csv", url=shared_wand.url)
    assert missing.exit_code == 1
    assert "nowhere.csv" in missing.stderr


def test_the_examples_run(shared_wand: WandDev, tmp_path: Path) -> None:
    outputs = {}
    for name, input in {"conditions": {}, "fan_out": {}, "retries": {"url": f"{shared_wand.url}/health"}}.items():
        file, given = str(EXAMPLES / f"{name}.json"), json.dumps(input)
        ended = wand("run", file, "--input", given, "--url", shared_wand.url, cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        outputs[name] = json.loads(ended.stdout)["outputs"]
    assert outputs["conditions"] == {"report": {"verdict": "large", "total": 815}}
    assert outputs["fan_out"]["chart"]["points"] == 3
    assert outputs["retries"]["answer"]["status"] == 200


def test_faults_are_listed_with_their_pointers(shared_wand: WandDev, tmp_path: Path) -> None:
    file = graph_file(tmp_path, EMIT, {"id": "b", "type": "agent.fetsh"}, edges=[{"from": "a", "to": "c"}])
    for command in (("run",), ("graphs", "validate")):
        ended = wand(*command, file, "--url", shared_wand.url, cwd=tmp_path)
        said = ended.stdout + ended.stderr
        assert ended.returncode == 1
        assert "/nodes/1/type" in said
        assert "/edges/0/to" in said
        assert "agent.fetch" in said
        assert "Traceback" not in said


def test_watching_goes_on_over_a_lost_connection(tmp_path: Path) -> None:
    dev = WandDev(tmp_path)
    try:
        dev.start()
        file = graph_file(tmp_path, EMIT, {"id": "gate", "type": "test.gate", "params": {"open": str(tmp_path / "go")}})
        with running(("run", file, "--url", dev.url), tmp_path, "run") as run:
            run.wait_for_complaint("node.succeeded a")
            dev.kill()
            run.wait_for_complaint(f"the connection to {dev.url} is lost")
            dev.restart()
            (tmp_path / "go").touch()
            assert run.wait() == 0
        assert run.complaints.count("node.succeeded a:") == 1
        assert run.complaints.count("node.succeeded gate:") == 1
    finally:
        dev.destroy()


def test_ctrl_c_leaves_the_run_alone_and_says_where_it_is(shared_wand: WandDev, tmp_path: Path) -> None:
    file = graph_file(tmp_path, {"id": "gate", "type": "test.gate", "params": {"open": str(tmp_path / "go")}})
    with running(("run", file, "--url", shared_wand.url), tmp_path, "run") as run:
        run.wait_for_complaint("node.scheduled gate")
        assert run.interrupt() == 130
    (line,) = [line for line in run.complaints.splitlines() if line.startswith("The run goes on: ")]
    where = line.removeprefix("The run goes on: ")
    assert HTTP.get(where).json()["status"] == "running"
    (tmp_path / "go").touch()
    wait_until(lambda: HTTP.get(where).json()["status"] == "succeeded", "the run succeeded")


def test_agents_and_tools_are_listed_here_and_there(shared_wand: WandDev, tmp_path: Path) -> None:
    here = wand("agents", cwd=tmp_path)
    assert here.returncode == 0
    for name in ("agent.fetch", "agent.analyze", "agent.chart", "agent.transform", "http.fetch", "chart.render"):
        assert name in here.stdout
    assert "test.emit" not in here.stdout
    there = wand("agents", "--json", "--url", shared_wand.url, cwd=tmp_path)
    listed = json.loads(there.stdout)
    assert "test.emit" in {agent["name"] for agent in listed["agents"]}
    assert listed["tools"] == HTTP.get(f"{shared_wand.url}/tools").json()["tools"]


@pytest.mark.parametrize(
    ("arguments", "settings", "line"),
    [
        (("run", "missing.json"), {}, "wand: missing.json: No such file or directory"),
        (("run", "broken.json"), {}, "wand: broken.json is not JSON that can be read: "),
        (("run", "graph.json", "--input", "{"), {}, "wand: --input is not JSON that can be read: "),
        (("run", "graph.json", "--url", "http://127.0.0.1:1"), {}, "wand: no API answers at http://127.0.0.1:1"),
        (("run", "graph.json", "--url", "nowhere"), {}, "wand: "),
        (("agents",), {"WAND_PORT": "eighty"}, "wand: WAND_PORT: "),
        (("agents",), {"WAND_PLUGINS": "no_such_module"}, "wand: the plug-in no_such_module (WAND_PLUGINS)"),
        (("api",), {"WAND_HOST": "0.0.0.0"}, "wand: WAND_HOST is 0.0.0.0"),
        (("api",), {"WAND_LOG_LEVEL": "loud"}, "wand: WAND_LOG_LEVEL"),
        (("worker",), {"WAND_DATABASE_URL": "mysql://x"}, "wand: WAND_DATABASE_URL"),
        (("dev", "--data-dir", "graph.json"), {}, "wand: the data folder graph.json cannot be used: "),
    ],
)
def test_what_goes_wrong_is_one_line_and_status_1(
    arguments: tuple[str, ...], settings: dict[str, str], line: str, tmp_path: Path
) -> None:
    graph_file(tmp_path, EMIT)
    (tmp_path / "broken.json").write_text("{")
    ended = wand(*arguments, cwd=tmp_path, **settings)
    assert ended.returncode == 1
    (said,) = ended.stderr.splitlines()
    assert said.startswith(line)
    assert ended.stdout == ""


def test_debug_shows_where_an_error_came_from(tmp_path: Path) -> None:
    ended = wand("--debug", "run", "missing.json", cwd=tmp_path)
    assert ended.returncode == 1
    assert "Traceback" in ended.stderr


def test_a_database_that_is_away_is_waited_for_and_said_once(tmp_path: Path) -> None:
    url = f"postgresql://wand@127.0.0.1:{free_port()}/wand"
    with running(("worker",), tmp_path, "worker", WAND_DATABASE_URL=url) as worker:
        worker.wait_for_complaint("the database does not answer")
        assert worker.interrupt() == 0


def test_a_worker_of_agents_waits_for_temporal_and_needs_no_database(tmp_path: Path) -> None:
    settings = {
        "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
        "WAND_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x",
    }
    with running(("worker", "--agents-only"), tmp_path, "worker", **settings) as worker:
        worker.wait_for_complaint("Temporal does not answer at")
        assert worker.terminate() == 0


def test_api_and_worker_apart_run_a_graph_over_a_temporal_elsewhere(shared_wand: WandDev, tmp_path: Path) -> None:
    """Beside `wand dev`, on its Temporal but with a database and a task queue of their own."""
    port = free_port()
    settings = {
        "TEMPORAL_ADDRESS": shared_wand.temporal_address,
        "WAND_DATA_DIR": str(tmp_path / "apart"),
        "WAND_TASK_QUEUE": "apart",
        "WAND_PLUGINS": "sample_agents",
    }
    url = f"http://127.0.0.1:{port}"
    with (
        running(("api", "--port", str(port)), tmp_path, "api", **settings) as api,
        running(("worker",), tmp_path, "core", **settings) as core,
        running(("worker", "--agents-only", "--queue", "far"), tmp_path, "far", **settings) as far,
    ):
        api.wait_for_complaint("The API is at")
        for worker in (core, far):
            worker.wait_for_complaint("The worker polls the task queue")
        ended = wand("run", graph_file(tmp_path, EMIT, {**EMIT, "id": "b", "queue": "far"}), "--url", url, cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        assert json.loads(ended.stdout)["outputs"] == {"a": {"x": 7}, "b": {"x": 7}}
        assert [part.terminate() for part in (api, core, far)] == [0, 0, 0]
