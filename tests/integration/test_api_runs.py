"""Runs through HTTP on the real server: what a graph means, how it ends, and what the API tells of it meanwhile."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from sample_agents import Diary
from temporalio.client import WorkflowExecutionStatus

from tests.integration.graph_cases import CASES, Case, echo, edge, emit, flaky, graph, sleep
from tests.integration.page_server import serve_page
from tests.integration.service import Json, Service, running_service
from tests.integration.temporal_cli import TemporalCli
from tests.sandbox import replayer
from tests.waiting import eventually, until
from wand_orchestrator.api.http.examples import FETCH_ANALYZE_CHART
from wand_orchestrator.api.temporal.errors import StartRefused
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.contract.ids import new_run_id
from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.graph import Graph
from wand_orchestrator.storage import Store

TABLE = "day,passengers\n" + "\n".join(f"2026-01-{day:02d},{day * day}" for day in range(1, 11))


@pytest.fixture(scope="module")
async def table_url() -> AsyncIterator[str]:
    async with serve_page(TABLE, "text/csv") as url:
        yield url


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_graph_through_http(service: Service, case: Case) -> None:
    """And a replay of what Temporal has of it makes the same decisions."""
    run = await service.run(case.graph, case.input)

    assert run["status"] == case.status, run["error"]
    if case.outputs is not None:
        assert run["result"]["outputs"] == case.outputs
        assert sorted(run["result"]["skipped"]) == sorted(case.skipped)
    if case.status != "succeeded":
        assert run["result"] is None
    assert {node: run["nodes"][node]["status"] for node in case.nodes} == case.nodes
    assert {node: run["nodes"][node]["attempt"] for node in case.attempts} == case.attempts
    if case.error is not None:
        assert run["error"]["code"] == case.error
    if case.error_node is not None:
        assert run["error"]["node"] == case.error_node
    if case.status == "succeeded":
        assert run["progress"] == 100
    history = await service.client.get_workflow_handle(run["run_id"]).fetch_history()
    await replayer().replay_workflow(history)


async def test_the_demo_document_runs_as_written_and_draws_the_data(service: Service, table_url: str) -> None:
    document = {**FETCH_ANALYZE_CHART}
    fetch, analyze, chart = document["nodes"]
    document["nodes"] = [{**fetch, "params": {"url": table_url}}, analyze, chart]

    run = await service.run(document)

    assert run["status"] == "succeeded", run["error"]
    assert set(run["result"]) >= {"outputs", "sinks"}
    assert run["result"]["sinks"] == ["chart"]
    output = run["result"]["outputs"]["chart"]
    assert output["media_type"] == "image/svg+xml"
    image = await service.http.get(output["chart_url"])
    assert image.headers["content-type"] == "image/svg+xml"
    assert image.text.startswith("<svg")
    assert output["points"] == 10
    assert {f"{day * day}" for day in range(1, 11)} <= set(re.findall(r"\b\d+\b", image.text))
    listed = (await service.http.get(f"/runs/{run['run_id']}/artifacts")).json()["artifacts"]
    assert [item["url"] for item in listed] == [output["chart_url"]]


async def test_a_run_shows_a_node_that_is_in_flight(service: Service, tmp_path: Path) -> None:
    run_id = await service.start(graph([sleep("a", 60), echo("b")], [edge("a", "b")]))

    run = await until(lambda: service.get(run_id), lambda run: run["nodes"]["a"]["status"] == "running")

    assert run["status"] == "running"
    assert run["nodes"]["a"]["attempt"] == 1
    assert run["nodes"]["a"]["started_at"] is not None
    assert run["nodes"]["b"]["status"] == "pending"
    await service.http.post(f"/runs/{run_id}/cancel")
    assert (await service.ended(run_id))["status"] == "cancelled"


async def test_a_run_says_that_a_node_waits_for_its_next_attempt(service: Service) -> None:
    run_id = await service.start(graph([flaky("a", 3, retry={"initial_interval_sec": 600, "max_interval_sec": 600})]))

    run = await until(lambda: service.get(run_id), lambda run: run["nodes"]["a"]["status"] == "retrying")

    assert re.search(r"attempt 2 of 3 in \d+ s", run["nodes"]["a"]["waiting_for"][0])
    assert re.search(r"^a: attempt 2 of 3 in \d+ s", run["waiting_for"][0])
    await service.http.post(f"/runs/{run_id}/cancel")
    assert (await service.ended(run_id))["status"] == "cancelled"


async def test_a_run_says_that_no_worker_polls_a_nodes_queue(service: Service) -> None:
    run_id = await service.start(graph([emit("a", queue="nobody-polls-this")]))

    run = await until(lambda: service.get(run_id), lambda run: bool(run["waiting_for"]))

    assert run["waiting_for"] == ["a: no worker polls the task queue nobody-polls-this"]
    await service.http.post(f"/runs/{run_id}/cancel")
    assert (await service.ended(run_id))["status"] == "cancelled"


@pytest.mark.parametrize("through", ["api", "temporal"])
async def test_cancel_waits_for_agents_and_starts_nothing_more(service: Service, tmp_path: Path, through: str) -> None:
    nodes = [
        {"id": f"n{i}", "type": "test.sleep", "params": {"sec": 600, "cleanup_sec": 0.3, "folder": str(tmp_path)}}
        for i in range(4)
    ]
    run_id = await service.start(graph([*nodes, emit("later")], [edge("n0", "later")]))
    diary = Diary(tmp_path)
    await eventually(lambda: diary.count("start") == 4)

    if through == "api":
        answer = await service.http.post(f"/runs/{run_id}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelling")
    else:
        await service.client.get_workflow_handle(run_id).cancel()
    run = await service.ended(run_id)

    assert run["status"] == "cancelled"
    assert run["result"] is None
    assert diary.count("cancel") == 4
    assert {node: view["status"] for node, view in run["nodes"].items()} == {
        **{f"n{i}": "cancelled" for i in range(4)},
        "later": "pending",
    }
    types = [event["type"] for event in await service.events(run_id)]
    assert types[-1] == "run.cancelled"
    assert types.index("run.cancelling") < types.index("node.cancelled")
    again = await service.http.post(f"/runs/{run_id}/cancel")
    assert (again.status_code, again.json()["status"]) == (202, "cancelled")


async def test_a_terminated_run_is_settled_by_its_first_reader(service: Service) -> None:
    run_id = await service.start(graph([emit("a"), sleep("b", 600)], [edge("a", "b")]))
    await until(lambda: service.get(run_id), lambda run: run["nodes"]["b"]["status"] == "running")

    await service.client.get_workflow_handle(run_id).terminate(reason="enough")
    run = await service.ended(run_id)

    assert run["status"] == "terminated"
    assert run["error"]["code"] == "terminated"
    assert "enough" in run["error"]["message"]
    assert {node: view["status"] for node, view in run["nodes"].items()} == {"a": "succeeded", "b": "cancelled"}
    events = await service.events(run_id)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["type"] == "run.terminated"
    row = await service.store.runs.get(run_id)
    assert row is not None
    assert row.status == "terminated"


@pytest.mark.parametrize("seen", ["by a reader", "by nobody"])
async def test_an_open_run_that_was_deleted_in_temporal_ends_as_terminated(
    service: Service, monkeypatch: pytest.MonkeyPatch, seen: str
) -> None:
    run_id = await service.start(graph([sleep("a", 600)]))
    await until(lambda: service.get(run_id), lambda run: run["nodes"]["a"]["status"] == "running")

    await TemporalCli(service.client)("workflow", "delete", "--workflow-id", run_id, "--yes")

    if seen == "by nobody":
        monkeypatch.setattr("wand_orchestrator.api.reconcile.sweep.OVERLAP", timedelta(0))
        monkeypatch.setattr("wand_orchestrator.api.reconcile.sweep.SWEEP_LOOK_SEC", 0.1)
        folder, queue = service.settings.data_dir, service.settings.task_queue
        async with running_service(service.client, folder, worker=False, task_queue=queue):
            await until(lambda: service.store.runs.get(run_id), lambda row: row is not None and row.status.ended)
    run = await service.ended(run_id)
    assert (run["status"], run["error"]["code"]) == ("terminated", "terminated")
    assert (await service.events(run_id))[-1]["type"] == "run.terminated"


async def test_every_open_run_that_closed_unseen_is_settled_in_its_turn(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_ids = [await service.start(graph([sleep("a", 600)])) for _ in range(5)]
    for run_id in run_ids:
        await until(lambda id=run_id: service.get(id), lambda run: run["nodes"]["a"]["status"] == "running")  # type: ignore[misc]
        await service.client.get_workflow_handle(run_id).terminate()

    async def lists_none(*_: object) -> list[str]:
        return []

    monkeypatch.setattr("wand_orchestrator.api.reconcile.sweep.ended_without_success", lists_none)
    monkeypatch.setattr("wand_orchestrator.api.reconcile.sweep.OVERLAP", timedelta(0))
    monkeypatch.setattr("wand_orchestrator.api.reconcile.sweep.SWEEP_LOOK_SEC", 0.1)
    monkeypatch.setattr("wand_orchestrator.api.reconcile.sweep.LOOKED_FOR", 2)
    folder, queue = service.settings.data_dir, service.settings.task_queue
    async with running_service(service.client, folder, worker=False, task_queue=queue) as other:
        await until(
            lambda: other.store.runs.heads(run_ids),
            lambda heads: all(head.status.value == "terminated" for head in heads.values()),
        )


async def test_a_pending_run_that_temporal_refuses_tells_its_status_when_it_is_cancelled(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> None:
        raise StartRefused("too large")

    monkeypatch.setattr(Executions, "start", refused)
    stored = await service.store.graphs.add(Graph.model_validate(graph([emit("a")])))
    run_id = new_run_id()
    await service.store.runs.add(run_id, stored.graph_id, stored.name, RunTerms())

    answer = await service.http.post(f"/runs/{run_id}/cancel")

    assert (answer.status_code, answer.json()["status"]) == (202, "failed")


async def test_a_run_that_began_in_another_temporal_has_not_ended(service: Service, tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'wand.db'}")
    await store.migrate()
    await store.namespaces.first_seen("another", datetime.now(UTC))
    stored = await store.graphs.add(Graph.model_validate(graph([emit("a")])))
    await store.runs.begin("r_elsewhere", stored.graph_id, stored.name, RunTerms())
    await store.close()

    async with running_service(service.client, tmp_path, worker=False) as other:
        run = await other.get("r_elsewhere")

    assert run["status"] == "running"
    assert "Temporal does not know this run" in run["waiting_for"][0]


async def test_a_run_started_past_the_api_is_a_run_like_any_other(service: Service) -> None:
    document = {"graph": graph([emit("a", 1)]), "input": None}
    handle = await service.client.start_workflow(
        "GraphRun", document, id="started-by-hand", task_queue=service.settings.task_queue
    )
    await handle.result()

    run = await service.ended("started-by-hand")

    assert run["status"] == "succeeded"
    assert run["result"]["outputs"] == {"a": 1}


async def test_concurrency_is_never_exceeded_and_always_used(service: Service, tmp_path: Path) -> None:
    nodes = [sleep(f"n{i}", 0.3) for i in range(12)]
    for node in nodes:
        node["params"]["folder"] = str(tmp_path)

    await service.run(graph(nodes, options={"concurrency": 3}))

    assert Diary(tmp_path).most_at_once() == 3


async def test_a_hundred_equal_requests_make_one_run(service: Service) -> None:
    body = {"graph": graph([emit("a", 1)]), "input": {"n": 1}}

    async def post() -> httpx.Response:
        return await service.http.post("/runs", json=body, headers={"Idempotency-Key": "a hundred at once"})

    answers = await asyncio.gather(*(post() for _ in range(100)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["run_id"] for answer in answers}) == 1
    other = await service.http.post(
        "/runs", json={**body, "input": {"n": 2}}, headers={"Idempotency-Key": "a hundred at once"}
    )
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    await service.ended(answers[0].json()["run_id"])


async def test_a_failed_workflow_task_input_ends_as_a_failed_run(service: Service) -> None:
    handle = await service.client.start_workflow(
        "GraphRun", {"graph": {"name": "no nodes"}}, id="no-graph", task_queue=service.settings.task_queue
    )
    await until(handle.describe, lambda found: found.status is not WorkflowExecutionStatus.RUNNING)

    run = await service.ended("no-graph")

    assert run["status"] == "failed"
    assert "nodes" in run["error"]["message"]


async def test_runs_are_listed_newest_first_page_by_page(service: Service) -> None:
    name = "listed"
    started = [await service.start({**graph([emit("a")]), "name": name}) for _ in range(5)]
    for run_id in started:
        await service.ended(run_id)

    seen: list[str] = []
    cursor: str | None = None
    while True:
        params: Json = {"name": name, "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await service.http.get("/runs", params=params)).json()
        seen += [run["run_id"] for run in page["runs"]]
        if (cursor := page["next"]) is None:
            break

    assert seen == started[::-1]


async def test_runs_are_listed_of_a_stretch_of_time_that_is_in_utc_unless_it_says_otherwise(service: Service) -> None:
    run_id = await service.start({**graph([emit("a")]), "name": "timed"})
    created = datetime.fromisoformat((await service.ended(run_id))["created_at"])
    before, after = created - timedelta(seconds=1), created + timedelta(seconds=1)
    east = timezone(timedelta(hours=9))

    for zone in (UTC, east):
        for text in {before.astimezone(zone).isoformat(), before.replace(tzinfo=None).isoformat()}:
            bounds = {"created_after": text, "created_before": after.astimezone(zone).isoformat()}
            page = (await service.http.get("/runs", params={"name": "timed", **bounds})).json()
            assert [run["run_id"] for run in page["runs"]] == [run_id], bounds
    assert (await service.http.get("/runs", params={"created_after": after.isoformat()})).json()["runs"] == []


@pytest.mark.parametrize("execution", ["local", "regular"])
async def test_an_agent_may_log_under_the_names_that_the_journal_uses(service: Service, execution: str) -> None:
    data = {"error": "boom", "duration_ms": "x", "schema": 1, "event": [], "run_status": "paused", "held": 5}
    params = {"lines": ["hm"], "data": data}
    run = await service.run(graph([{"id": "a", "type": "test.log", "params": params, "execution": execution}]))
    assert (run["status"], run["nodes"]["a"]["error"]) == ("succeeded", None)
    (line,) = [event for event in await service.events(run["run_id"]) if event["type"] == "node.log"]
    assert line["data"] == data | {"length": 2}
