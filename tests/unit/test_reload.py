"""Which changes of files `wand dev --reload` restarts the stack for."""

import json
from pathlib import Path

import pytest
from watchfiles import Change

from wand_orchestrator.cli.processes.reload import MORE_FILES, PluginFilter

GRAPH = {"name": "refund", "nodes": [{"id": "order", "type": "shop.order"}]}


def restarts(path: Path) -> bool:
    return PluginFilter(extra_extensions=MORE_FILES)(Change.modified, str(path))


@pytest.mark.parametrize("name", ["refund.json", "refund.yaml", "refund.yml"])
def test_a_graph_that_was_saved_restarts_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps(GRAPH))
    assert not restarts(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("orders.py", "x = 1"),
        (".env", "WAND_PLUGINS=a"),
        ("pyproject.toml", ""),
        ("prices.json", '{"apple": 1}'),
        ("prices.yaml", "- 1"),
        ("half.json", '{"nodes": ['),
    ],
)
def test_what_an_agent_may_read_restarts_it(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert restarts(tmp_path / name)


def test_a_file_that_is_gone_restarts_it(tmp_path: Path) -> None:
    assert restarts(tmp_path / "gone.json")
