"""`wand agents` and `wand graphs validate` without an API."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from wand_orchestrator.cli.commands.agents import _keys
from wand_orchestrator.cli.main import app

SUBGRAPH = {"name": "s", "nodes": [{"id": "a", "type": "flow.graph", "params": {"graph": "refund"}}]}


def wand(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), prog_name="wand", env={"WAND_URL": ""})


@pytest.mark.parametrize(
    ("schema", "keys"),
    [
        ({"type": "object", "properties": {"a": {}, "b": {}}, "required": ["b"]}, "a, b*"),
        ({"type": "object", "properties": {}, "additionalProperties": False}, ""),
        ({"type": "object", "additionalProperties": True}, "any keys"),
        ({"type": "array", "items": {}}, "array"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({}, "any"),
        ({"$ref": "#/$defs/Tree", "$defs": {"Tree": {"type": "object", "properties": {"left": {}}}}}, "left"),
    ],
)
def test_what_a_schema_takes_or_gives_in_a_few_words(schema: dict[str, Any], keys: str) -> None:
    assert _keys(schema) == keys


def test_agents_are_listed_with_what_they_give() -> None:
    (line,) = [line for line in wand("agents").stdout.splitlines() if line.startswith("agent.chart")]
    assert "series*" in line
    assert "chart_url*, points*, media_type*" in line


def test_one_agent_is_shown_with_its_three_schemas() -> None:
    ended = wand("agents", "agent.chart")
    assert ended.exit_code == 0
    for part in ("params", "input", "output"):
        assert f"\n{part}\n{{" in ended.stdout
    assert '"chart_url"' in ended.stdout
    listed = json.loads(wand("agents", "http.fetch", "--json").stdout)
    assert (listed["agents"], [tool["name"] for tool in listed["tools"]]) == ([], ["http.fetch"])


def test_an_agent_that_there_is_not_is_told_with_the_near_ones() -> None:
    ended = wand("agents", "agent.fetsh")
    assert ended.exit_code == 1
    assert "there is no agent or tool agent.fetsh: did you mean agent.fetch" in ended.stderr


def test_what_only_an_api_can_check_is_told(tmp_path: Path) -> None:
    file = tmp_path / "graph.json"
    file.write_text(json.dumps(SUBGRAPH))
    ended = wand("graphs", "validate", str(file))
    assert ended.exit_code == 0
    assert "a graph of 1 node without a fault" in ended.stdout
    assert "Not checked here: whether there are the stored graphs refund." in ended.stderr


def test_of_a_graph_that_names_no_other_all_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "graph.json"
    file.write_text(json.dumps({"name": "s", "nodes": [{"id": "a", "type": "flow.wait", "params": {"seconds": 1}}]}))
    assert wand("graphs", "validate", str(file)).stderr == ""
