"""Runs are found again: by tags, in the API and in Temporal, and without the child runs in them."""

import uuid
from pathlib import Path

import pytest

from tests.integration.graph_cases import edge, emit, fail, gate, graph
from tests.integration.service import Json, Service
from tests.integration.temporal_cli import TemporalCli
from tests.waiting import until


async def _listed(service: Service, **params: object) -> list[str]:
    answer = await service.http.get("/runs", params=params)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return [run["run_id"] for run in answer.json()["runs"]]


async def test_runs_are_found_by_all_their_tags_and_a_retry_keeps_them(service: Service) -> None:
    mine, other = f"mine-{uuid.uuid4()}", f"other-{uuid.uuid4()}"
    both = await service.run(graph([fail("a")]), tags=[other, mine, mine])
    one = await service.run(graph([emit("a")]), tags=[mine])
    answer = await service.http.post(f"/runs/{both['run_id']}/retry")
    retried = await service.ended(answer.json()["run_id"])

    assert both["tags"] == retried["tags"] == [mine, other]
    assert await _listed(service, tag=mine) == [retried["run_id"], one["run_id"], both["run_id"]]
    assert await _listed(service, tag=[mine, other]) == [retried["run_id"], both["run_id"]]
    assert await _listed(service, tag=[mine, other], status="succeeded") == []
    found = await until(lambda: _in_temporal(service, f'WandTags = "{other}"'), lambda found: len(found) == 2)
    assert set(found) == {both["run_id"], retried["run_id"]}


async def _in_temporal(service: Service, query: str) -> list[str]:
    return await TemporalCli(service.client).listed(query)


async def test_a_run_that_was_started_past_the_api_has_its_tags(service: Service) -> None:
    run_id, tag = f"by-hand-{uuid.uuid4()}", f"tag-{uuid.uuid4()}"
    document: Json = {"graph": graph([emit("a")]), "tags": [tag]}
    handle = await service.client.start_workflow(
        "GraphRun", document, id=run_id, task_queue=service.settings.task_queue
    )
    await handle.result()

    assert await _listed(service, tag=tag) == [run_id]
    await until(lambda: _in_temporal(service, f'WandTags = "{tag}"'), lambda found: found == [run_id])


async def test_tags_are_part_of_what_an_idempotency_key_stands_for(service: Service) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    body: Json = {"graph": graph([emit("a")]), "tags": ["b", "a"]}
    first = await service.http.post("/runs", json=body, headers=key)
    same = await service.http.post("/runs", json={**body, "tags": ["a", "b"]}, headers=key)
    other = await service.http.post("/runs", json={**body, "tags": ["a"]}, headers=key)

    assert same.json()["run_id"] == first.json()["run_id"]
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    await service.ended(first.json()["run_id"])


@pytest.mark.parametrize("tags", [["two words"], [""], "word", [f"t{n}" for n in range(21)]])
async def test_what_is_no_tag_is_refused(service: Service, tags: object) -> None:
    answer = await service.http.post("/runs", json={"graph": graph([emit("a")]), "tags": tags})

    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
    assert answer.json()["faults"][0]["pointer"].startswith("/tags")


async def test_child_runs_are_listed_only_as_those_of_their_run(service: Service) -> None:
    part = {**graph([emit("x", 1)]), "name": f"part-{uuid.uuid4()}"}
    assert (await service.http.post("/graphs", json=part)).status_code == 201
    node = {"id": "sub", "type": "flow.graph", "params": {"graph": part["name"]}}
    run = await service.run({**graph([node]), "name": f"whole-{uuid.uuid4()}"}, tags=["whole"])

    assert await _listed(service, name=run["name"]) == [run["run_id"]]
    assert await _listed(service, name=part["name"]) == []
    children = await _listed(service, part_of=run["run_id"])
    assert [(await service.get(child))["part_of"] for child in children] == [run["run_id"]]
    query = f'WandGraph = "{part["name"]}" AND WandTags = "whole" AND WandStatus = "succeeded"'
    await until(lambda: _in_temporal(service, query), lambda found: found == children)
    assert await _listed(service, tag="whole", name=part["name"]) == []


async def test_temporal_lists_what_every_run_is_doing(service: Service, tmp_path: Path) -> None:
    document = {**graph([gate("a", tmp_path / "open"), emit("b")], [edge("a", "b")]), "name": f"shown-{uuid.uuid4()}"}
    run_id = await service.start(document, tags=["x"])

    async def shows(status: str) -> None:
        query = f'WandGraph = "{document["name"]}" AND WandStatus = "{status}"'
        await until(lambda: _in_temporal(service, query), lambda found: found == [run_id])

    await shows("running")
    await until(lambda: service.get(run_id), lambda run: run["nodes"]["a"]["status"] == "running")
    await service.http.post(f"/runs/{run_id}/pause")
    await shows("paused")
    await service.http.post(f"/runs/{run_id}/resume")
    await shows("running")
    await service.http.post(f"/runs/{run_id}/cancel")
    await service.ended(run_id)
    await shows("cancelled")

    described = await service.client.get_workflow_handle(run_id).describe()
    memo = await described.memo()
    assert (memo["graph"], memo["version"], memo["nodes"], memo["tags"]) == (document["name"], 1, 2, ["x"])
    assert memo["graph_id"] == (await service.get(run_id))["graph_id"]
    assert await described.static_summary() == document["name"]


async def test_a_run_that_is_neither_paused_nor_stopped_costs_one_update(service: Service) -> None:
    run = await service.run(graph([emit("a"), emit("b")], [edge("a", "b")]))

    history = await service.client.get_workflow_handle(run["run_id"]).fetch_history()
    updates = [
        list(event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields)
        for event in history.events
        if event.HasField("upsert_workflow_search_attributes_event_attributes")
    ]
    assert updates == [["TemporalChangeVersion"], ["WandStatus"]]  # the first is the SDK's, of its one patch marker


async def test_what_a_map_does_is_one_group_in_the_history(service: Service) -> None:
    nodes = [emit("list", [1, 2, 3]), {"id": "each", "type": "flow.map", "params": {"agent": "test.echo"}}]
    run = await service.run(graph(nodes, [edge("list", "each", items="@")]))
    assert run["status"] == "succeeded", run["error"]

    history = await service.client.get_workflow_handle(run["run_id"]).fetch_history()
    grouped = [
        (
            event.activity_task_scheduled_event_attributes.activity_id,
            [mark.label.id for mark in event.event_group_markers],
        )
        for event in history.events
        if event.HasField("activity_task_scheduled_event_attributes") and event.event_group_markers
    ]
    assert sorted(grouped) == [(f"each[{index}]", ["each"]) for index in range(3)]
