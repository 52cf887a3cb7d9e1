"""The page folds events as the rest of Wand does."""

import json
from datetime import datetime
from typing import Any

from tests.integration.service import Service
from tests.page.tab import Tab
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.state import RunState, fold

FOLD = """async (events) => {
  const { emptyRun, fold } = await import("/page/state/fold.js");
  const state = emptyRun();
  for (const event of events) fold(state, event);
  return JSON.stringify({ ...state, nodes: Object.fromEntries(state.nodes) });
}"""
GRAPHS: list[dict[str, Any]] = [
    {
        "name": "mixed",
        "nodes": [
            {"id": "items", "type": "agent.transform", "params": {"expression": "`[1, 2, 3]`"}},
            {
                "id": "each",
                "type": "flow.map",
                "params": {"agent": "agent.transform", "params": {"expression": "item"}},
            },
            {"id": "broken", "type": "agent.transform", "params": {"expression": "abs(@)"}, "optional": True},
            {"id": "never", "type": "agent.transform", "params": {"expression": "@"}},
        ],
        "edges": [
            {"from": "items", "to": "each", "map": {"items": "@"}},
            {"from": "items", "to": "broken", "map": {"x": "[0]"}},
            {"from": "items", "to": "never", "when": "`false`"},
        ],
    },
    {
        "name": "failing",
        "nodes": [{"id": "stop", "type": "flow.fail", "params": {"code": "no", "message": "It stops."}}],
    },
]
RUN = ("status", "progress", "started_at", "finished_at", "last_seq", "usage", "exceeded")
NODE = ("status", "attempt", "scheduled_at", "started_at", "finished_at", "percent", "handled", "usage")


async def test_the_page_and_python_fold_the_same_state(page: Tab, service: Service) -> None:
    screen = await page.open("runs")
    for graph in GRAPHS:
        run = await service.run(graph)
        events = await service.events(run["run_id"])
        folded = json.loads(await screen.evaluate(FOLD, events))
        expected = RunState()
        for event in events:
            fold(expected, Event.model_validate(event))
        known = expected.model_dump(mode="json")
        assert {name: folded[name] for name in RUN} == {name: known[name] for name in RUN}
        assert list(folded["nodes"]) == list(known["nodes"])
        for name, node in known["nodes"].items():
            assert {key: told(folded["nodes"][name][key]) for key in NODE} == {key: told(node[key]) for key in NODE}
            assert (folded["nodes"][name]["error"] or {}).get("code") == (node["error"] or {}).get("code")


def told(value: Any) -> Any:
    """A moment, however it is written; anything else as it is."""
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value
