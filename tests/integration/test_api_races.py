"""Steering that races, over HTTP: whatever comes first, a run ends in one state that all its tellers agree on."""

import asyncio
import os
import random

import httpx
import pytest
from temporalio.client import WorkflowExecutionStatus

from tests.integration.graph_cases import echo, edge, emit, graph, sleep
from tests.integration.service import ENDED, Json, Service
from tests.waiting import until

AT_ONCE = 8
BATCHES = max(1, int(os.environ.get("WAND_FUZZ_EXAMPLES", "64")) // AT_ONCE)
"""`make fuzz-steer` races many more runs."""

UNKNOWN = 503
"""On a busy machine a call may not be answered in time; it may be done all the same, and says so."""

NATIVE = {
    "succeeded": WorkflowExecutionStatus.COMPLETED,
    "failed": WorkflowExecutionStatus.FAILED,
    "cancelled": WorkflowExecutionStatus.CANCELED,
    "terminated": WorkflowExecutionStatus.TERMINATED,
}

ACTIONS: tuple[tuple[str, Json | None], ...] = (
    ("cancel", None),
    ("pause", None),
    ("resume", None),
    ("nodes/ask/respond", {"answer": 1, "by": "Ada"}),
    ("nodes/ask/respond", {"answer": 2, "by": "Bob"}),
    ("nodes/ask/skip", None),
    ("nodes/work/skip", None),
    ("nodes/work/retry", None),
    ("nodes/last/skip", None),
)


def _document() -> Json:
    ask = {"id": "ask", "type": "flow.approval", "params": {"prompt": "?"}}
    nodes = [ask, sleep("work", 0.05), emit("first", 1), echo("last", join="any")]
    return graph(nodes, [edge("ask", "last"), edge("work", "last"), edge("first", "work")])


async def _race(service: Service, chance: random.Random) -> None:
    run_id = await service.start(_document())
    streaming = asyncio.create_task(_streamed(service, run_id))
    chosen = [chance.choice(ACTIONS) for _ in range(chance.randint(2, 5))]
    pauses = [chance.uniform(0, 0.3) for _ in chosen]

    async def act(action: tuple[str, Json | None], pause: float) -> httpx.Response:
        await asyncio.sleep(pause)
        return await service.http.post(f"/runs/{run_id}/{action[0]}", json=action[1])

    answers = await asyncio.gather(*(act(*pair) for pair in zip(chosen, pauses, strict=True)))
    assert {answer.status_code for answer in answers} <= {200, 202, 409, UNKNOWN}, [answer.text for answer in answers]
    run = await _finish(service, run_id)
    await _check(service, run, list(zip(chosen, answers, strict=True)))
    assert await streaming == await service.events(run_id)


async def _streamed(service: Service, run_id: str) -> list[Json]:
    return [event async for event in service.stream(run_id)]


async def _finish(service: Service, run_id: str) -> Json:
    """Do what is left to do for the run to end."""

    async def push() -> Json:
        run = await service.get(run_id)
        if run["status"] == "paused":
            await service.http.post(f"/runs/{run_id}/resume")
        if run["nodes"]["ask"]["status"] == "waiting":
            await service.http.post(f"/runs/{run_id}/nodes/ask/respond", json={"answer": 0})
        return run

    return await until(push, lambda run: run["status"] in ENDED)


async def _check(service: Service, run: Json, done: list[tuple[tuple[str, Json | None], httpx.Response]]) -> None:
    """REST, journal, row and Temporal tell the same."""
    run_id, status = run["run_id"], run["status"]
    events = await service.events(run_id)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events if event["type"] == f"run.{status}"] == [f"run.{status}"]
    assert events[-1]["type"] == f"run.{status}"
    row = await service.store.runs.get(run_id)
    assert row is not None
    assert row.status == status
    handle = service.client.get_workflow_handle(run_id)
    # The row is written by the workflow's last step but one.
    await until(handle.describe, lambda described: described.status is NATIVE[status])
    cancelled = any(
        action == "cancel" and answer.json()["status"] in ("cancelling", UNKNOWN) for (action, _), answer in done
    )
    assert status in ("succeeded", "cancelled")
    assert status == "succeeded" or cancelled
    endings = [event["node"] for event in events if event["type"].startswith("node.") and _settles(event["type"])]
    assert len(endings) == len(set(endings))
    taken = [body["by"] for (_, body), answer in done if body is not None and answer.status_code == 200]
    unknown = [body["by"] for (_, body), answer in done if body is not None and answer.status_code == UNKNOWN]
    assert len(taken) <= 1
    answered = [event["data"]["by"] for event in events if event["node"] == "ask" and "by" in event["data"]]
    assert len(answered) <= 1
    assert set(taken) <= set(answered) <= {*taken, *unknown, None}


def _settles(type: str) -> bool:
    return type in ("node.succeeded", "node.failed", "node.skipped", "node.cancelled")


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_steering_that_races_ends_in_one_state(service: Service, batch: int) -> None:
    chances = [random.Random(batch * AT_ONCE + number) for number in range(AT_ONCE)]

    await asyncio.gather(*(_race(service, chance) for chance in chances))
