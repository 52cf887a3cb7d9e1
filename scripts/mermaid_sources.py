"""Writes pictures as source of Mermaid into a folder, for Mermaid's own parser (`make mermaid`).

They are of the examples, of a dense graph, and of hostile texts in every place of a graph with faults and of a failed
run.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.page.hostile import HOSTILE
from wand_orchestrator.contract.state import NodeStatus
from wand_orchestrator.drawing.mermaid import mermaid_of
from wand_orchestrator.drawing.picture import DrawnNode, Picture, picture_of

EXAMPLES = Path(__file__).parents[1] / "examples"
DENSE = 149


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures():
        (folder / f"{name}.mmd").write_text(mermaid_of(picture), encoding="utf-8")


def pictures() -> Iterator[tuple[str, Picture]]:
    for path in EXAMPLES.glob("*.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        yield path.stem, picture_of(document.get("graph", document))
    yield "dense", picture_of(_dense())
    for at, text in enumerate(HOSTILE):
        failed = DrawnNode(NodeStatus.FAILED, text, reason=text)
        yield f"hostile-{at}", picture_of(_hostile(text), faulty=[text], faults=1)
        yield f"hostile-run-{at}", picture_of(_hostile(text), {text: failed}.get)


def _dense() -> dict[str, Any]:
    names = [f"n{number}" for number in range(DENSE)]
    edges = [{"from": source, "to": target} for at, source in enumerate(names) for target in names[at + 1 :]]
    return {"name": "dense", "nodes": [{"id": name, "type": "agent.transform"} for name in names], "edges": edges}


def _hostile(text: str) -> dict[str, Any]:
    nodes = [{"id": text, "type": text}, {"id": "b", "type": "flow.map", "params": {"agent": text}}]
    edge = {"from": text, "to": "b", "when": text, "on": text, "map": {text: text}}
    return {"name": text, "nodes": nodes, "edges": [edge], "sinks": [text]}


if __name__ == "__main__":
    main()
