"""Every example is a graph without a fault."""

import json
from pathlib import Path

import pytest

from wand_orchestrator.api.http.examples import FETCH_ANALYZE_CHART
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.validation import check_graph

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.json"))
SETTINGS = Settings(_env_file=None)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load(SETTINGS)


def test_there_are_examples() -> None:
    assert {"demo.json", "conditions.json", "fan_out.json", "retries.json"} <= {file.name for file in EXAMPLES}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_has_neither_fault_nor_warning(file: Path, registry: Registry) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    checked = check_graph(document, registry.agents, max_nodes=SETTINGS.max_nodes, max_edges=SETTINGS.max_edges)
    assert checked.faults == ()
    assert checked.warnings == ()
    assert document["name"] == file.stem


def test_the_demo_is_the_one_of_the_api_documents() -> None:
    demo = next(file for file in EXAMPLES if file.name == "demo.json")
    assert json.loads(demo.read_text()) == FETCH_ANALYZE_CHART
