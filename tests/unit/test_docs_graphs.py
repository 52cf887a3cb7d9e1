"""Every graph in the documents can be posted as it stands."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wand_orchestrator.graph import Edge, Graph, Node, Options, Retry
from wand_orchestrator.graphs.control_node import ControlNode
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.validation import check_graph

ROOT = Path(__file__).parents[2]
OWN_PROJECT = "your-own-project.md"
"""Its graph names its own agent: `test_docs_project` checks them together."""

BLOCK = re.compile(r"^```json\n(.*?)^```", re.MULTILINE | re.DOTALL)
BODY = re.compile(r" -d '(\{[^']*\})'")


def graphs(path: Path) -> Iterator[dict[str, Any]]:
    """Of JSON blocks, and of what curl sends; not of what a shell variable is put into."""
    text = path.read_text()
    for document in map(json.loads, [*BLOCK.findall(text), *BODY.findall(text)]):
        graph = document.get("graph", document) if isinstance(document, dict) else {}
        if "nodes" in graph:
            yield graph


def documents() -> list[tuple[str, dict[str, Any]]]:
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    paths = [path for path in paths if path.name != OWN_PROJECT]
    return [(f"{path.name}:{graph['name']}", graph) for path in paths for graph in graphs(path)]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load(Settings(_env_file=None))


def test_the_documents_hold_graphs() -> None:
    assert len(documents()) >= 6


@pytest.mark.parametrize(("name", "document"), documents(), ids=[name for name, _ in documents()])
def test_a_graph_of_the_documents_has_no_fault(name: str, document: dict[str, Any], registry: Registry) -> None:
    checked = check_graph(document, registry.agents, max_nodes=100, max_edges=100)
    assert checked.faults == ()
    assert checked.graph is not None


@pytest.mark.parametrize("model", [Graph, Node, Edge, Options, Retry])
def test_every_key_of_the_graph_document_is_described(model: type[Graph | Node | Edge | Options | Retry]) -> None:
    text = (ROOT / "docs" / "graphs.md").read_text()
    keys = {field.alias or name for name, field in model.model_fields.items()}
    rows = " ".join(re.findall(r"^\| (`[^|]*`) \|", text, re.MULTILINE))
    assert {key for key in keys if f"`{key}`" not in rows} == set()


@pytest.mark.parametrize("control", CONTROL_NODES.values(), ids=CONTROL_NODES)
def test_every_control_node_is_described_with_all_its_params(control: ControlNode) -> None:
    text = (ROOT / "docs" / "graphs.md").read_text()
    row = re.search(rf"^\| `{re.escape(control.name)}` \| (.*) \| .* \|$", text, re.MULTILINE)
    assert row is not None
    params = {field.alias or name for name, field in control.params.model_fields.items()}
    assert {name for name in params if f"`{name}`" not in row[1]} == set()
