"""The page tells what became of an edge as pictures do."""

import itertools
from typing import Any

from tests.page.tab import Tab
from wand_orchestrator.contract.state import NodeStatus
from wand_orchestrator.drawing.line_state import line_state
from wand_orchestrator.drawing.picture import DrawnNode

STATES = """async (cases) => {
  const { edgeState } = await import("/page/parts/drawing/edge-state.js");
  return cases.map(({ edge, source, target, documents }) =>
    edgeState(edge, source ?? undefined, target ?? undefined, new Map(Object.entries(documents))));
}"""


def cases() -> list[dict[str, Any]]:
    """Every kind of edge between nodes in every state."""
    return [
        {
            "edge": {"from": source_id, "to": "b", "on": on} | ({"when": "x"} if when else {}),
            "source": None if source_id == "$input" else {"status": source, "handled": handled},
            "target": {"status": target, "handled": False},
            "documents": {"a": {"optional": optional}, "$input": {}, "b": {"join": join}},
        }
        for source_id, source, handled, target, on, when, optional, join in itertools.product(
            ("a", "$input"),
            NodeStatus,
            (False, True),
            NodeStatus,
            ("success", "failure", "settled"),
            (False, True),
            (False, True),
            ("all", "any"),
        )
    ]


def drawn(node: dict[str, Any] | None) -> DrawnNode | None:
    return None if node is None else DrawnNode(NodeStatus(node["status"]), handled=node["handled"])


async def test_the_page_and_pictures_tell_the_same_of_every_edge(page: Tab) -> None:
    screen = await page.open("runs")
    asked = cases()
    told = await screen.evaluate(STATES, asked)
    expected = [
        line_state(case["edge"], drawn(case["source"]), drawn(case["target"]), case["documents"]) for case in asked
    ]
    assert [(case, state) for case, state in zip(asked, told, strict=True)] == list(zip(asked, expected, strict=True))
