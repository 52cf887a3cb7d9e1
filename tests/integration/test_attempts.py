"""Attempts that end with their worker: each is told of, and they go on counting."""

import uuid
from collections.abc import Callable

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from tests.integration.graph_cases import FAST_RETRY, edge, emit, graph
from tests.integration.service import Json, Service


@activity.defn(name="test.foreign")
async def silent_twice(call: Json) -> Json:
    """As if its worker had died twice: nobody tells of the first two attempts."""
    attempt = activity.info().attempt
    if attempt < 3:
        raise RuntimeError("nobody hears of it")
    return {"output": attempt, "attempt": attempt}


@activity.defn(name="test.foreign")
async def given_back_once(call: Json) -> Json:
    """Its worker was stopped in the first attempt."""
    earlier = call.get("earlier_attempts", 0)
    attempt = earlier + activity.info().attempt
    if not earlier:
        message, details = "the worker was stopped", {"attempt": attempt}
        raise ApplicationError(message, details, type="worker_shutdown", non_retryable=True)
    return {"output": attempt, "attempt": attempt}


@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize(("agent", "lost"), [(silent_twice, [1, 2]), (given_back_once, [1])])
async def test_each_lost_attempt_is_told_of_and_counted(
    service: Service, temporal_client: Client, agent: Callable[..., Json], lost: list[int], part: bool
) -> None:
    queue = f"q-{uuid.uuid4().hex}"
    rest = {"queue": queue, "retries": 2, "retry": FAST_RETRY}
    if part:
        each = {"id": "c", "type": "flow.map", "params": {"agent": "test.foreign"}, **rest}
        document = graph([emit("items", [1]), each], [edge("items", "c", items="@")])
    else:
        document = graph([{"id": "c", "type": "test.foreign", **rest}])
    async with Worker(temporal_client, task_queue=queue, activities=[agent]):
        run_id = await _start(service, document)
        run = await service.ended(run_id)

    assert run["status"] == "succeeded"
    node = "c[0]" if part else "c"
    events = await service.events(run_id, node=node)
    retrying = [event for event in events if event["type"] == "node.retrying"]
    assert [event["attempt"] for event in retrying] == lost
    assert {event["data"]["error"]["code"] for event in retrying} <= {"worker_lost", "worker_shutdown"}
    assert events[-1]["type"] == "node.succeeded"
    assert events[-1]["attempt"] == lost[-1] + 1


async def _start(service: Service, document: Json) -> str:
    """Past the API, which would refuse an agent that it does not know."""
    run_id = f"r-{uuid.uuid4().hex}"
    await service.client.start_workflow(
        "GraphRun", args=[{"graph": document}, None], id=run_id, task_queue=service.settings.task_queue
    )
    return run_id
