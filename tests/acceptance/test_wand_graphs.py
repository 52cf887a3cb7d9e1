"""`wand graphs`, against a running `wand dev`."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.acceptance.wand_command import HTTP, WandDev, wand_here
from wand_orchestrator.cli.main import app


def graph_file(folder: Path, **graph: Any) -> str:
    file = folder / "graph.json"
    file.write_text(json.dumps(graph))
    return str(file)


def test_a_graph_is_stored_listed_and_shown(shared_wand: WandDev, tmp_path: Path) -> None:
    name = f"stored-{time.time_ns()}"
    nodes = [{"id": "a", "type": "test.emit"}, {"id": "b", "type": "test.pass"}]
    edges = [{"from": "a", "to": "b", "map": {"value": "@"}}]
    file = graph_file(tmp_path, name=name, nodes=nodes, edges=edges)
    created = wand_here("graphs", "create", file, url=shared_wand.url)
    assert created.exit_code == 0, created.output
    graph_id = created.stdout.strip()
    again = json.loads(wand_here("graphs", "create", file, "--json", url=shared_wand.url).stdout)
    assert again["version"] == 2

    answer = HTTP.get(f"{shared_wand.url}/graphs", params={"name": name}).json()
    listed = wand_here("graphs", "list", "--name", name, "--json", url=shared_wand.url)
    assert json.loads(listed.stdout) == answer
    table = wand_here("graphs", "list", "--name", name, url=shared_wand.url).stdout.splitlines()
    assert [line.split()[:3] for line in table[1:]] == [[again["graph_id"], name, "2"], [graph_id, name, "1"]]

    shown = wand_here("graphs", "show", graph_id, "--json", url=shared_wand.url)
    assert json.loads(shown.stdout) == HTTP.get(f"{shared_wand.url}/graphs/{graph_id}").json()
    lines = wand_here("graphs", "show", graph_id, url=shared_wand.url).stdout.splitlines()
    assert [line.split() for line in lines[-2:]] == [["a", "test.emit"], ["b", "test.pass", "a"]]
    missing = wand_here("graphs", "show", "g_none", url=shared_wand.url)
    assert (missing.exit_code, missing.stderr) == (1, "wand: there is no graph g_none\n")


def test_the_faults_of_a_refused_graph_are_listed(shared_wand: WandDev, tmp_path: Path) -> None:
    file = graph_file(tmp_path, name="x", nodes=[{"id": "a", "type": "agent.fetsh"}, {"id": "a", "type": "test.emit"}])
    ended = wand_here("graphs", "create", file, url=shared_wand.url)
    assert ended.exit_code == 1
    assert ended.stdout == ""
    *table, line = ended.stderr.splitlines()
    assert line == "wand: the graph has 2 faults"
    assert any("/nodes/0/type" in row and "agent.fetch" in row for row in table)
    assert any("/nodes/1/id" in row for row in table)


SOUND = {"name": "g", "nodes": [{"id": "a", "type": "test.emit"}]}
TRANSFORM = {"id": "b", "type": "agent.transform"}
DOCUMENTS: list[dict[str, Any]] = [
    SOUND,
    {"name": "", "nodes": []},
    {"name": "g", "nodes": [{"id": "a", "type": "agent.fetsh"}, {"id": "a", "type": "test.emit", "retrys": 2}]},
    SOUND | {"edges": [{"from": "a", "to": "z"}, {"from": "a", "to": "a"}], "sinks": ["y"]},
    SOUND | {"options": {"concurrency": 0}, "unknown": 1, "input_schema": {"type": "nothing"}},
    {"name": "g", "nodes": [TRANSFORM | {"params": {"expression": "status == 200"}}]},
    {"name": "g", "nodes": [TRANSFORM | {"params": {"expression": "format_time(now(), '%Q')"}}]},
    {"name": "g", "nodes": [TRANSFORM | {"params": {"expression": "x", "y": {"$exp": "a"}}, "input": {"x": 1}}]},
    {"name": "g", "nodes": [{"id": "f", "type": "flow.fail", "params": {"code": "worker_lost"}}]},
    {"name": "g", "nodes": [{"id": "w", "type": "flow.wait", "params": {"until": "tomorrow"}}]},
    {"name": "g", "nodes": [{"id": "m", "type": "flow.map", "params": {"agent": "agent.fetch", "items": 5}}]},
    {"name": "g", "nodes": [{"id": "q", "type": "test.there", "queue": "elsewhere"}]},
    {
        "name": "g",
        "nodes": [{"id": "f", "type": "agent.fetch", "params": {"url": "https://example.com"}}, TRANSFORM],
        "edges": [{"from": "f", "to": "b", "map": {"x": "statsu"}, "when": "body ="}],
    },
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_graph_has_the_same_faults_here_and_there(
    shared_wand: WandDev, tmp_path: Path, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `--url` by the agents that are installed here, with it by those of the API: the same ones."""
    monkeypatch.setenv("WAND_PLUGINS", "sample_agents")
    monkeypatch.setenv("COLUMNS", "2000")
    file = graph_file(tmp_path, **document)

    monkeypatch.delenv("WAND_URL", raising=False)
    here = CliRunner().invoke(app, ["graphs", "validate", file], env={"NO_COLOR": "1"})
    there = wand_here("graphs", "validate", file, url=shared_wand.url)

    assert (here.exit_code, here.stdout, here.stderr) == (there.exit_code, there.stdout, there.stderr)
    answer = HTTP.post(f"{shared_wand.url}/graphs/validate", json=document).json()
    assert here.exit_code == (0 if answer["valid"] else 1)
    for fault in (*answer["faults"], *answer["warnings"]):
        assert any(fault["code"] in line and fault["message"] in line for line in here.stdout.splitlines()), fault
