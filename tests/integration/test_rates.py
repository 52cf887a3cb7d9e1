"""Rates: so many attempts begin in a second, over all runs, as Temporal's server limits a task queue."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from tests.integration.graph_cases import FAST_RETRY, emit, flaky, graph
from tests.integration.service import Json, Service, running_service
from tests.waiting import until
from wand_orchestrator.contract.names import rate_queue

A_SECOND = 8


@pytest.fixture(scope="module")
async def service(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    rates = f"limited={A_SECOND}/s,rare=1/h"
    async with running_service(temporal_client, tmp_path_factory.mktemp("service"), rates=rates) as running:
        yield running


def starts(folder: Path) -> list[float]:
    """Moments at which attempts began, in seconds since 1970."""
    names = sorted(path.name for path in folder.iterdir() if "-start-" in path.name)
    return [int(name.partition(".")[0]) / 1e9 for name in names]


def keep_to_the_rate(begun: float, moments: list[float]) -> bool:
    """No attempt began before the limit let it: a busy machine can only make it later. A second's may come at once."""
    return all(moment - begun >= (place - A_SECOND) / A_SECOND for place, moment in enumerate(moments, start=1))


def limited(id: str, folder: Path, **rest: object) -> Json:
    node = emit(id, rate="limited", execution="local", **rest)
    node["params"] |= {"folder": str(folder)}
    return node


async def test_nodes_and_items_of_several_runs_share_a_rate(service: Service, tmp_path: Path) -> None:
    each = {"agent": "test.emit", "params": {"value": 1, "folder": str(tmp_path)}}
    mapped = graph(
        [emit("list", list(range(10))), {"id": "map", "type": "flow.map", "params": each, "rate": "limited"}],
        [{"from": "list", "to": "map", "map": {"items": "@"}}],
    )
    begun = time.time()
    runs = await asyncio.gather(
        service.run(mapped), service.run(graph([limited(f"n{index}", tmp_path) for index in range(10)]))
    )
    assert [run["status"] for run in runs] == ["succeeded", "succeeded"]
    moments = starts(tmp_path)
    assert len(moments) == 20
    assert keep_to_the_rate(begun, moments)


async def test_each_attempt_counts(service: Service, tmp_path: Path) -> None:
    node = flaky("again", 20, rate="limited", retries=19, retry=FAST_RETRY)
    node["params"] |= {"folder": str(tmp_path)}
    begun = time.time()
    run = await service.run(graph([node]))
    assert (run["status"], run["nodes"]["again"]["attempt"]) == ("succeeded", 20)
    moments = starts(tmp_path)
    assert len(moments) == 20
    assert keep_to_the_rate(begun, moments)


async def test_a_run_with_a_node_that_waits_for_its_turn_can_be_cancelled(service: Service, tmp_path: Path) -> None:
    nodes = [emit(f"n{index}", rate="rare") for index in range(3)]
    run_id = await service.start(graph(nodes))
    reason = f"a free worker on the task queue {rate_queue(service.settings.task_queue, 'rare')}"
    waiting = await until(
        lambda: service.get(run_id), lambda run: any(node["waiting_for"] == [reason] for node in run["nodes"].values())
    )
    assert waiting["status"] == "running"
    await service.http.post(f"/runs/{run_id}/cancel")
    assert (await service.ended(run_id))["status"] == "cancelled"


async def test_a_rate_that_is_not_set_is_a_fault_of_the_graph(service: Service) -> None:
    answer = await service.http.post("/graphs", json=graph([emit("a", rate=f"r{uuid.uuid4().hex}")]))
    assert answer.status_code == 422
    assert [fault["code"] for fault in answer.json()["faults"]] == ["unknown_rate"]
