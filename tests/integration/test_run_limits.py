"""Limits that a run keeps as they were set when it started."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from tests.integration.graph_cases import echo, edge, emit, graph
from tests.integration.graph_runs import Runs, ended, serve
from tests.integration.service import Json, running_service
from wand_orchestrator.contract.events import EventType

KB = "x" * 1000


@pytest.fixture
async def runs(temporal_client: Client, tmp_path: Path) -> AsyncIterator[Runs]:
    async for runs in serve(temporal_client, tmp_path / "data"):
        yield runs


async def failure(runs: Runs, document: Json, **limits: int) -> str | None:
    state = await ended(await runs.start(document, limits=limits))
    return state.error.code if state.error else None


def doubled(value: str) -> Json:
    return graph([emit("a", value), emit("b", value), echo("c")], [edge("a", "c", a="@"), edge("b", "c", b="@")])


async def test_an_input_is_bounded_by_the_limit_of_its_run(runs: Runs) -> None:
    assert await failure(runs, doubled(KB), input_bytes=1500) == "input_too_large"
    assert await failure(runs, doubled(KB), input_bytes=5000) is None


async def test_params_are_bounded_by_the_limit_of_their_run(runs: Runs) -> None:
    document = graph([emit("a", {"$input": "@"})])
    state = await ended(await runs.start(document, KB * 2, limits={"input_bytes": 1500}))
    assert state.error is not None
    assert state.error.code == "input_too_large"


async def test_a_result_is_bounded_by_the_limit_of_its_run(runs: Runs) -> None:
    assert await failure(runs, graph([emit("a", KB), emit("b", KB)]), result_bytes=1500) == "result_too_large"


async def test_the_outputs_of_a_map_together_are_bounded(runs: Runs) -> None:
    nodes: list[Any] = [
        emit("items", [1, 2, 3, 4]),
        {"id": "map", "type": "flow.map", "params": {"agent": "test.emit", "params": {"value": KB}}},
    ]
    document = graph(nodes, [edge("items", "map", items="@")])
    state = await ended(await runs.start(document, limits={"result_bytes": 2500}))
    assert state.nodes["map"].error is not None
    assert (state.nodes["map"].error.code, state.status) == ("result_too_large", "failed")
    assert await failure(runs, document, result_bytes=20_000) is None


async def test_what_a_run_logs_in_all_is_bounded_and_the_rest_is_counted(runs: Runs) -> None:
    nodes = [{"id": f"n{index}", "type": "test.log", "params": {"lines": [KB], "times": 5}} for index in range(4)]
    handle = await runs.start(graph(nodes), limits={"log_bytes": 3500})
    await ended(handle)
    events = await runs.archived(handle)
    logs = [event for event in events if event.type is EventType.NODE_LOG]
    warnings = [event for event in logs if "WAND_MAX_RUN_LOG_BYTES" in event.message]
    assert len(warnings) == 1
    assert len(logs) == 4  # three lines and the warning
    assert events[-1].data["dropped_log_lines"] == 17


async def test_a_run_has_the_limits_of_the_settings(temporal_client: Client, tmp_path: Path) -> None:
    limits: dict[str, Any] = {"max_input_bytes": 1500, "max_result_bytes": 1800}
    async with running_service(temporal_client, tmp_path / uuid.uuid4().hex, **limits) as service:
        assert (await service.run(doubled(KB)))["nodes"]["c"]["error"]["code"] == "input_too_large"
        run = await service.run(graph([emit("a", KB), emit("b", KB)]))
        assert run["error"]["code"] == "result_too_large"
