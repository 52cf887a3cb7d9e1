"""Retries by error code, as workers and Temporal's server carry them out."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sample_agents import Diary
from temporalio.client import Client

from tests.integration.graph_cases import FAST_RETRY, emit, fail, graph, sleep
from tests.integration.graph_runs import Runs, ended, serve

FAST = FAST_RETRY
RULES = [{"codes": ["busy"], "retries": 3, **FAST}, {"codes": ["timeout"], "retries": 1, **FAST}]


@pytest.fixture
async def runs(temporal_client: Client, tmp_path: Path) -> AsyncIterator[Runs]:
    async for runs in serve(temporal_client, tmp_path / "data"):
        yield runs


async def attempts(runs: Runs, folder: Path, node: dict[str, Any], *before: dict[str, Any], **options: Any) -> int:
    """How often the node's agent was called before it failed for good."""
    folder.mkdir(exist_ok=True)
    params = node["params"]
    params.get("params", params)["folder"] = str(folder)
    edges = [{"from": other["id"], "to": node["id"], "map": {"items": "@"}} for other in before]
    state = await ended(await runs.start(graph([*before, node], edges, options=options)))
    assert state.status == "failed"
    return Diary(folder).count("start")


@pytest.mark.parametrize("execution", ["regular", "local"])
@pytest.mark.parametrize(("code", "expected"), [("busy", 4), ("broken", 1)])
async def test_the_code_decides_how_often_a_node_is_tried(
    runs: Runs, tmp_path: Path, code: str, expected: int, execution: str
) -> None:
    node = fail("a", code, retryable=True, retry=RULES, execution=execution)
    assert await attempts(runs, tmp_path / "diary", node) == expected


async def test_rules_of_the_options_hold_for_nodes_without_their_own(runs: Runs, tmp_path: Path) -> None:
    assert await attempts(runs, tmp_path / "diary", fail("a", "busy", retryable=True), retry=RULES) == 4


@pytest.mark.parametrize("execution", ["regular", "local"])
@pytest.mark.parametrize(
    ("retry", "expected"), [(RULES, 2), (RULES[1:], 2), (RULES[:1], 1), ({"non_retryable": ["timeout"], **FAST}, 1)]
)
async def test_a_timeout_is_tried_again_where_a_rule_says_so(
    runs: Runs, tmp_path: Path, retry: Any, expected: int, execution: str
) -> None:
    node = sleep("a", 60, timeout_sec=0.5, retry=retry, execution=execution)
    assert await attempts(runs, tmp_path / "diary", node) == expected


async def test_what_is_told_of_timeouts_is_what_happened(runs: Runs) -> None:
    """The retries of the node itself are those of other codes."""
    handle = await runs.start(graph([sleep("a", 60, timeout_sec=0.3, retries=9, retry=RULES)]))
    state = await ended(handle)
    assert state.error is not None
    assert (state.error.code, state.error.message) == ("timeout", "the attempt took longer than its 0.3 s")
    assert state.nodes["a"].attempt == 2
    told = [event.type.value for event in await runs.archived(handle) if event.node == "a"]
    assert told == ["node.scheduled", "node.retrying", "node.failed"]


async def test_an_agent_that_gives_something_when_its_time_is_over_is_late(runs: Runs, tmp_path: Path) -> None:
    params = {"sec": 0.6, "look": "never"}
    node = {"id": "a", "type": "test.slow_sync", "params": params, "timeout_sec": 0.3, "retry": RULES}
    state = await ended(await runs.start(graph([node])))
    assert state.nodes["a"].attempt == 2
    assert state.error is not None
    assert state.error.code == "timeout"


async def test_items_of_a_map_have_the_rules_of_their_node(runs: Runs, tmp_path: Path) -> None:
    params = {"agent": "test.fail", "params": {"code": "busy", "retryable": True}}
    mapped = {"id": "map", "type": "flow.map", "params": params, "retry": RULES}
    assert await attempts(runs, tmp_path / "diary", mapped, emit("list", [1])) == 4
