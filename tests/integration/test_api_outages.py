"""With a part away every call answers within 2 s with what is known or a problem that names the part; then all goes on.

The parts are the real ones: they are stopped, and started again.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sample_agents import Diary

from tests.integration.conftest import WEBHOOK_SECRET
from tests.integration.graph_cases import echo, edge, emit, gate, graph
from tests.integration.service import Service, build_service_worker, running_service
from tests.postgres import PostgresServer
from tests.waiting import eventually, until
from wand_orchestrator.api.reconcile.namespace_origin import Origin
from wand_orchestrator.api.reconcile.reconciliation import Reconciliation
from wand_orchestrator.api.stream.journal_reader import JournalReader
from wand_orchestrator.api.stream.relay import Relay
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.api.webhooks import Webhooks
from wand_orchestrator.cli.processes.dev_server import embedded_temporal
from wand_orchestrator.cli.processes.ports import free_port
from wand_orchestrator.contract.delivery import delivery_workflow_id
from wand_orchestrator.contract.names import (
    WORKFLOW_WEBHOOK_DELIVERY,
)
from wand_orchestrator.temporal.connection import connect
from wand_orchestrator.temporal.event_feed import EventFeed

ANSWER_SEC = 2.0


async def _answers(service: Service, run_id: str, graph_id: str) -> dict[str, httpx.Response]:
    """What every call answers; each within the time that is promised."""
    calls: dict[str, tuple[str, str, dict[str, object] | None]] = {
        "health": ("GET", "/health", None),
        "ready": ("GET", "/ready", None),
        "agents": ("GET", "/agents", None),
        "graphs": ("GET", "/graphs", None),
        "graph": ("GET", f"/graphs/{graph_id}", None),
        "store": ("POST", "/graphs", graph([emit("a")])),
        "start": ("POST", "/runs", {"graph_id": graph_id}),
        "runs": ("GET", "/runs", None),
        "run": ("GET", f"/runs/{run_id}", None),
        "logs": ("GET", f"/runs/{run_id}/logs", None),
        "cancel": ("POST", "/runs/r_unknown/cancel", None),
        "pause": ("POST", "/runs/r_unknown/pause", None),
        "artifacts": ("GET", f"/runs/{run_id}/artifacts", None),
        "schedule": ("POST", "/schedules", {"graph_id": graph_id, "every": "1d", "paused": True}),
        "schedules": ("GET", "/schedules", None),
        "trigger": ("POST", "/schedules/unknown/trigger", None),
    }
    answers = {}
    async with _hasty(service) as http:
        for name, (method, path, body) in calls.items():
            began = time.monotonic()
            answers[name] = await http.request(method, path, json=body)
            assert time.monotonic() - began < ANSWER_SEC, name
            assert answers[name].status_code != 500, name
        await _every_operation_answers(http, run_id, graph_id)
    return answers


def _hasty(service: Service) -> httpx.AsyncClient:
    """For the first answer to a call; the service's own client asks again after 503."""
    return httpx.AsyncClient(base_url=service.url, timeout=30)


async def _every_operation_answers(http: httpx.AsyncClient, run_id: str, graph_id: str) -> None:
    """Whatever stands in the OpenAPI document is answered in time, a stream by its head; what changes something is
    asked for in the name of a run that there is not."""
    operations = (await http.get("/openapi.json")).json()["paths"]
    slots = asyncio.Semaphore(4)

    async def ask(method: str, path: str, operation: dict[str, Any]) -> None:
        known = {"run_id": run_id, "graph_id": graph_id, "node": "a"} if method == "get" else {"node": "a"}
        place = re.sub(r"{(\w+)}", lambda name: known.get(name[1], "unknown"), path)
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        body: Any = next(iter(content.get("examples", {}).values()), {"value": {}})["value"] if content else None
        async with slots:
            began = time.monotonic()
            async with http.stream(method, place, json=body) as answer:
                assert time.monotonic() - began < ANSWER_SEC, f"{method} {path}"
                assert answer.status_code not in (500, 405), f"{method} {path}"
                if answer.status_code == 503 and path != "/ready":
                    assert json.loads(await answer.aread())["missing"], f"{method} {path}"

    await asyncio.gather(*(ask(method, path, op) for path, ops in operations.items() for method, op in ops.items()))


def _missing(answer: httpx.Response) -> str:
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["missing"])


@asynccontextmanager
async def _temporal_and_worker(service: Service, port: int, database: Path) -> AsyncIterator[None]:
    async with (
        embedded_temporal(port=port, ui=False, database=database) as environment,
        build_service_worker(service, client=environment.client),
    ):
        yield


async def test_with_temporal_away_runs_are_taken_and_start_when_it_is_back(tmp_path: Path) -> None:
    port, database = free_port(), tmp_path / "temporal.db"
    open_gate = tmp_path / "open"
    client = await connect(target=f"127.0.0.1:{port}", lazy=True)
    async with running_service(client, tmp_path, worker=False, webhook_secret=WEBHOOK_SECRET) as service:
        async with _temporal_and_worker(service, port, database):
            document = graph([gate("a", open_gate, heartbeat_sec=2), echo("b")], [edge("a", "b")])
            graph_id = (await service.http.post("/graphs", json=document)).json()["graph_id"]
            under_way = await service.start(document)
            await until(lambda: service.get(under_way), lambda run: run["nodes"]["a"]["status"] == "running")

        answers = await _answers(service, under_way, graph_id)
        assert "Temporal" in answers["ready"].json()["temporal"]
        assert answers["ready"].json()["database"] == "ok"
        assert answers["start"].json()["status"] == "pending"
        assert answers["run"].json()["status"] == "running"
        assert "Temporal does not answer" in answers["run"].json()["waiting_for"][0]
        steered = ("logs", "cancel", "pause", "schedule", "schedules", "trigger")
        assert {_missing(answers[name]) for name in steered} == {"temporal"}
        waiting = answers["start"].json()["run_id"]
        told = await service.start(
            graph([emit("a")]), webhook={"url": "https://example.com", "events": ["run.started"]}
        )
        assert (await service.get(waiting))["waiting_for"]

        open_gate.touch()
        async with _temporal_and_worker(service, port, database):
            assert (await service.ended(under_way))["status"] == "succeeded"
            assert (await service.ended(waiting))["status"] == "succeeded"
            assert (await service.ended(told))["status"] == "succeeded"
            delivery = service.client.get_workflow_handle(delivery_workflow_id(told, 1))
            assert (await delivery.describe()).workflow_type == WORKFLOW_WEBHOOK_DELIVERY


async def test_without_a_worker_every_call_answers_and_the_run_says_what_it_waits_for(service: Service) -> None:
    async with running_service(service.client, service.settings.data_dir / "alone", worker=False) as alone:
        graph_id = (await alone.http.post("/graphs", json=graph([emit("a")]))).json()["graph_id"]
        run_id = await alone.start(graph([emit("a")]))

        answers = await _answers(alone, run_id, graph_id)

        no_worker = f"no worker polls the task queue {alone.settings.task_queue}"
        assert answers["ready"].json() == {"temporal": "ok", "database": "ok", "workers": no_worker, "background": "ok"}
        assert answers["ready"].status_code == 503
        assert answers["run"].json()["status"] == "running"
        assert answers["run"].json()["waiting_for"] == [no_worker]
        assert _missing(answers["logs"]) == "worker"
        assert answers["pause"].status_code == 404
        async with build_service_worker(alone):
            assert (await alone.ended(run_id))["status"] == "succeeded"


async def test_with_the_database_away_runs_go_on_and_end_when_it_is_back(service: Service, tmp_path: Path) -> None:
    with PostgresServer() as own:
        async with running_service(service.client, tmp_path, database_url=own.new_database()) as running:
            open_gate, folder = tmp_path / "open", tmp_path / "diary"
            folder.mkdir()
            last = {"id": "b", "type": "test.emit", "params": {"folder": str(folder)}}
            document = graph([gate("a", open_gate), last], [edge("a", "b")])
            graph_id = (await running.http.post("/graphs", json=document)).json()["graph_id"]
            run_id = await running.start(document)
            await until(lambda: running.get(run_id), lambda run: run["nodes"]["a"]["status"] == "running")
            streaming = asyncio.create_task(_collect(running, run_id))

            await asyncio.to_thread(own.stop)
            answers = await _answers(running, run_id, graph_id)
            assert answers["ready"].json()["temporal"] == "ok"
            assert "database" in answers["ready"].json()["database"]
            assert answers["run"].json()["status"] == "running"
            assert answers["run"].json()["nodes"]["a"]["status"] == "running"
            stored = ("graphs", "store", "start", "runs", "schedule")
            assert {_missing(answers[name]) for name in stored} == {"database"}
            assert answers["schedules"].status_code == 200
            open_gate.touch()
            await eventually(lambda: Diary(folder).count("end", "b") == 1)
            held = await running.get(run_id)
            assert held["status"] == "running"
            assert held["waiting_for"]

            own.start()
            assert (await running.ended(run_id))["status"] == "succeeded"
            seqs = await streaming
            assert seqs == list(range(1, len(seqs) + 1))


async def test_a_stream_of_an_ended_run_waits_for_a_database_that_is_away(service: Service, tmp_path: Path) -> None:
    with PostgresServer() as own:
        async with running_service(service.client, tmp_path, database_url=own.new_database()) as running:
            run_id = (await running.run(graph([emit("a", 1)])))["run_id"]
            await asyncio.to_thread(own.stop)
            reading = asyncio.create_task(_archived(running, run_id))
            async with _hasty(running) as http:
                assert (await http.get("/graphs")).status_code == 503
            assert not reading.done()
            own.start()
            assert b"event: run.succeeded" in await reading


async def _archived(service: Service, run_id: str) -> bytes:
    """What a stream brings that found the run ended before the database went away."""
    executions = Executions(service.client, service.settings.task_queue, eager=False)
    settlement = Reconciliation(
        executions, service.store, Webhooks(executions, service.settings), Origin(executions, service.store)
    )
    relay = Relay(executions, JournalReader(executions, service.store, settlement), EventFeed(), 10)
    return b"".join([chunk async for chunk in relay.archived(run_id, 0)])


async def _collect(service: Service, run_id: str) -> list[int]:
    return [event["seq"] async for event in service.stream(run_id)]


@pytest.mark.parametrize("path", ["/runs/r_none", "/runs/r_none/logs", "/runs/r_none/artifacts", "/graphs/g_none"])
async def test_what_nobody_knows_is_not_found(service: Service, path: str) -> None:
    answer = await service.http.get(path)

    assert answer.status_code == 404
    assert answer.json()["code"] in ("run_not_found", "graph_not_found")
