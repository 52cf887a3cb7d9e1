"""The program in docs/builder.md runs as it stands, and gives what it says."""

import re
from pathlib import Path

from wand_orchestrator.builder import GraphBuilder
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES

PAGE = (Path(__file__).parents[2] / "docs" / "builder.md").read_text()


def test_the_blocks_of_the_page_run_one_after_another() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {"__name__": "docs_builder"}
    for block in blocks:
        exec(compile(block, "docs/builder.md", "exec"), names)

    graph = names["g"]
    assert isinstance(graph, GraphBuilder)
    assert [edge.get("when") for edge in graph.to_document()["edges"]][-2:] == [None, "otherwise"]


def test_every_control_node_has_its_method() -> None:
    for name in CONTROL_NODES:
        assert f"`{name}`" in PAGE
        assert hasattr(GraphBuilder, name.rpartition(".")[2])
