"""Runs whose history their workflow's code cannot replay, as after a release: they are ended, read and retried."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.common import RawValue
from temporalio.worker import Worker

from tests.integration.conftest import WEBHOOK_SECRET
from tests.integration.graph_cases import echo, edge, emit, gate, graph
from tests.integration.receiver import receiving
from tests.integration.service import Service, running_service
from tests.waiting import until
from wand_orchestrator.activities.core.archive_events import archive_activity
from wand_orchestrator.activities.core.deliver_webhook import build_webhook_worker
from wand_orchestrator.activities.core.read_outputs import outputs_activity
from wand_orchestrator.activities.worker import build_worker
from wand_orchestrator.api.temporal import executions, task_queues
from wand_orchestrator.temporal.connection import keeping_payloads
from wand_orchestrator.workflows.graph_run import GraphRun
from wand_orchestrator.workflows.webhook_delivery import WebhookDelivery


@workflow.defn(name="GraphRun")
class OtherRelease:
    """Decides something else than what stands in any history."""

    @workflow.run
    async def run(self, document: RawValue, carried: RawValue) -> None:
        raise RuntimeError("this release cannot go on with it")


@pytest.fixture
async def service(temporal_client: Client, tmp_path: Path) -> AsyncIterator[Service]:
    async with running_service(
        temporal_client,
        tmp_path,
        worker=False,
        shutdown_grace_sec=0,
        fetch_allow="127.0.0.1",
        webhook_secret=WEBHOOK_SECRET,
    ) as service:
        yield service


def worker(service: Service, kind: type) -> Worker:
    client = keeping_payloads(service.client, service.settings)
    return build_worker(
        client,
        service.settings,
        service.registry,
        artifacts=service.artifacts,
        workflows=[kind],
        core_activities=[archive_activity(service.store), outputs_activity(client, [OtherRelease])],
    )


def with_a_gate(tmp_path: Path) -> dict[str, Any]:
    nodes = [emit("a", {"x": 1}), emit("b", 2, execution="local"), gate("c", tmp_path / "open"), echo("d")]
    return graph(nodes, [edge("a", "c", x="x"), edge("b", "c", y="@"), edge("c", "d", z="@")])


async def in_flight(service: Service, document: dict[str, Any], **rest: Any) -> str:
    """A run whose node `c` waits at its gate, and whose worker then ends."""
    async with worker(service, GraphRun):
        run_id = await service.start(document, **rest)
        await until(lambda: service.get(run_id), lambda run: run["nodes"]["c"]["status"] == "running")
    return run_id


async def test_a_run_that_is_terminated_is_read_with_what_its_history_tells(service: Service, tmp_path: Path) -> None:
    run_id = await in_flight(service, with_a_gate(tmp_path))
    async with worker(service, OtherRelease):
        await service.client.get_workflow_handle(run_id).terminate("enough")
        run = await service.ended(run_id)
    assert run["status"] == "terminated"
    assert {node: state["status"] for node, state in run["nodes"].items()} == {
        "a": "succeeded",
        "b": "pending",
        "c": "cancelled",
        "d": "pending",
    }
    events = await service.events(run_id)
    assert events[0]["type"] == "run.started"
    assert "this release cannot go on with it" in events[-1]["data"]["journal"]


async def test_a_run_that_is_terminated_shows_so_without_any_worker(service: Service, tmp_path: Path) -> None:
    run_id = await in_flight(service, with_a_gate(tmp_path))
    await service.client.get_workflow_handle(run_id).terminate(reason="enough")
    run = await service.ended(run_id)
    stored = await service.store.runs.get(run_id)
    assert (run["status"], run["error"]["code"], run["result"]) == ("terminated", "terminated", None)
    assert "enough" in run["error"]["message"]
    assert run["finished_at"] >= run["started_at"]
    assert [run["nodes"][node]["status"] for node in "acd"] == ["succeeded", "cancelled", "pending"]
    assert len(run["waiting_for"]) == 1
    assert stored is not None
    assert not stored.status.ended

    async with worker(service, GraphRun):
        settled = await until(lambda: service.get(run_id), lambda run: not run["waiting_for"])
    assert (settled["status"], settled["error"]) == (run["status"], run["error"])
    assert settled["nodes"]["b"]["status"] == "succeeded"


@pytest.mark.parametrize("first", ["run", "logs", "stream"])
async def test_a_run_that_is_terminated_while_nobody_serves_it_is_told_so_everywhere_by_its_first_read(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    monkeypatch.setattr(task_queues, "POLL_SILENCE", timedelta())
    async with receiving() as receiver, build_webhook_worker(service.client, service.settings, [WebhookDelivery]):
        run_id = await in_flight(service, with_a_gate(tmp_path), webhook={"url": receiver.url})
        await service.client.get_workflow_handle(run_id).terminate(reason="enough")
        if first == "logs":
            read = await service.events(run_id)
        elif first == "stream":
            read = [event async for event in service.stream(run_id)]
        else:
            assert (await service.get(run_id))["status"] == "terminated"
            read = await service.events(run_id)
        [request] = await receiver.received(1)
    told = json.loads(request.body)
    assert (told["type"], told["data"]["run_id"]) == ("run.terminated", run_id)
    listed = (await service.http.get("/runs", params={"status": "terminated"})).json()["runs"]
    assert run_id in [run["run_id"] for run in listed]
    assert (await service.get(run_id))["waiting_for"] == []
    events = await service.events(run_id)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert read == events
    assert (events[0]["type"], events[-1]["type"]) == ("run.started", "run.terminated")
    assert "no worker" in events[-1]["data"]["journal"]


async def test_a_run_whose_workflow_task_fails_is_ended_by_a_cancel(service: Service, tmp_path: Path) -> None:
    run_id = await in_flight(service, with_a_gate(tmp_path))
    async with worker(service, OtherRelease):
        await until(lambda: service.services.executions.describe(run_id, 5), _is_failing)
        assert (await service.http.post(f"/runs/{run_id}/cancel")).status_code == 202
        run = await service.ended(run_id)
    assert run["status"] == "terminated"
    assert "its workflow task fails" in run["error"]["message"]


async def test_a_run_that_cannot_be_replayed_is_retried_with_what_its_history_holds(
    service: Service, tmp_path: Path
) -> None:
    run_id = await in_flight(service, with_a_gate(tmp_path))
    async with worker(service, OtherRelease):
        await service.client.get_workflow_handle(run_id).terminate("enough")
        await service.ended(run_id)
    (tmp_path / "open").touch()
    async with worker(service, GraphRun):
        answer = await service.http.post(f"/runs/{run_id}/retry")
        assert answer.status_code == 201, answer.text
        run = await service.ended(answer.json()["run_id"])
        events = await service.events(answer.json()["run_id"])
    assert run["status"] == "succeeded"
    kept = {event["node"] for event in events if event["data"].get("kept")}
    assert kept == {"a", "b"}


def _is_failing(description: WorkflowExecutionDescription | None) -> bool:
    return description is not None and executions.is_failing(description)
