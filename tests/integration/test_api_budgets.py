"""Budgets and usage through the API, with calls of a scripted model."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from tests.integration.graph_cases import graph
from tests.integration.model_calls import aliases_of
from tests.integration.service import Json, Service, running_service
from tests.waiting import until
from wand_orchestrator.scripted_models import ModelServer, ScriptedAnswer

PROMPT = "word " * 400


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    server = ModelServer(lambda _: ScriptedAnswer(text="An answer."))
    async with server.serving():
        yield server


@pytest.fixture
async def service(
    temporal_client: Client, tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    monkeypatch.setenv("SCRIPTED_KEY", "sk-scripted")
    models = tmp_path / "models.json"
    models.write_text(json.dumps(aliases_of(server, max_tokens=100)))
    async with running_service(temporal_client, tmp_path / "data", models=models) as service:
        yield service


def llm(id: str) -> Json:
    return {"id": id, "type": "agent.llm", "params": {"model": "chat", "prompt": PROMPT}}


async def test_a_run_is_paused_by_its_budget_goes_on_with_another_one_and_is_counted(
    service: Service, server: ModelServer
) -> None:
    nodes, edges = [llm("a"), llm("b")], [{"from": "a", "to": "b"}]
    options = {"max_retries": 0, "budget": {"usd": 0.0037, "on_exceeded": "pause"}}
    run_id = await service.start(graph(nodes, edges, options=options))

    async def read() -> Json:
        return await service.get(run_id)

    run = await until(read, lambda run: run["status"] == "paused")
    assert any("the budget of the run is used up" in reason for reason in run["waiting_for"])
    assert run["usage"]["usd"] == pytest.approx(server.usd)
    assert run["usage"] == run["nodes"]["a"]["usage"]
    assert run["nodes"]["b"]["usage"] is None

    unknown = await service.http.post(f"/runs/{run_id}/budget", json={"usd": 1, "node": "a"})
    assert (unknown.status_code, unknown.json()["code"]) == (409, "conflict")
    empty = await service.http.post(f"/runs/{run_id}/budget", json={})
    assert empty.status_code == 422
    changed = await service.http.post(f"/runs/{run_id}/budget", json={"usd": 1})
    assert changed.status_code == 200, changed.text
    assert changed.json()["budget"]["usd"] == 1
    await service.http.post(f"/runs/{run_id}/resume")

    run = await service.ended(run_id)
    assert run["status"] == "succeeded", run["error"]
    assert run["usage"]["requests"] == len(server.log) == 2
    assert run["usage"]["usd"] == pytest.approx(server.usd)
    report = (await service.http.get("/usage", params={"by": "model,graph,day"})).json()
    [group] = report["groups"]
    assert (group["graph"], group["runs"], group["requests"]) == ("case", 1, 2)
    assert group["model"].startswith("openai-chat:")
    assert (group["usd"], report["more"]) == (pytest.approx(server.usd), False)
    assert report["total"] == {**group, "graph": None, "model": None, "day": None}
    wrong = await service.http.get("/usage", params={"by": "month"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_request")


async def test_a_retry_of_a_run_takes_a_larger_budget(service: Service, server: ModelServer) -> None:
    options = {"max_retries": 0, "budget": {"usd": 0.001}}
    run = await service.run(graph([llm("a")], options=options))
    assert run["error"]["code"] == "budget_exceeded"
    assert server.log == []

    answer = await service.http.post(f"/runs/{run['run_id']}/retry", json={"budget": {"usd": 1}})
    assert answer.status_code == 201, answer.text
    run = await service.ended(answer.json()["run_id"])
    assert run["result"]["outputs"] == {"a": {"text": "An answer."}}
