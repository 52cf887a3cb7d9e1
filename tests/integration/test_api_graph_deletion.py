"""A graph that was deleted cannot be found or started any more; whatever has used it goes on as before."""

import uuid
from typing import Any

import httpx
import pytest

from tests.integration.graph_cases import emit, graph, sleep
from tests.integration.service import Json, Service
from tests.waiting import until


async def _post(service: Service, name: str, *nodes: Json) -> str:
    answer = await service.http.post("/graphs", json={**graph(list(nodes)), "name": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["graph_id"])


@pytest.fixture
def name() -> str:
    return f"deleted-{uuid.uuid4().hex[:8]}"


def _refused(answer: httpx.Response, status: int, code: str) -> Json:
    assert answer.status_code == status, answer.text
    document: Json = answer.json()
    assert document["code"] == code
    return document


async def _versions(service: Service, name: str) -> list[int]:
    answer = await service.http.get("/graphs", params={"name": name})
    return [graph["version"] for graph in answer.json()["graphs"]]


async def _run(service: Service, graph_id: str, **more: Any) -> httpx.Response:
    return await service.http.post("/runs", json={"graph_id": graph_id}, **more)


async def test_one_version_goes_and_the_others_stay(service: Service, name: str) -> None:
    ids = [await _post(service, name, emit("a", number)) for number in range(3)]

    assert (await service.http.delete(f"/graphs/{ids[2]}")).status_code == 204

    assert await _versions(service, name) == [2, 1]
    _refused(await service.http.get(f"/graphs/{ids[2]}"), 404, "graph_not_found")
    _refused(await service.http.delete(f"/graphs/{ids[2]}"), 404, "graph_not_found")
    assert (await service.http.get(f"/graphs/{ids[1]}")).status_code == 200
    await _post(service, name, emit("a", 9))
    assert await _versions(service, name) == [4, 2, 1]  # no version is counted twice


async def test_its_runs_are_unaffected_and_no_new_one_starts(service: Service, name: str) -> None:
    graph_id = await _post(service, name, sleep("a", 0.1), emit("b", 1))
    keyed = {"headers": {"Idempotency-Key": name}}
    run_id = (await _run(service, graph_id, **keyed)).json()["run_id"]

    assert (await service.http.delete(f"/graphs/{graph_id}")).status_code == 204

    ended = await service.ended(run_id)
    assert (ended["status"], ended["graph_id"], set(ended["nodes"])) == ("succeeded", graph_id, {"a", "b"})
    retried = await service.http.post(f"/runs/{run_id}/retry", json={"from": ["b"]})
    assert (await service.ended(retried.json()["run_id"]))["status"] == "succeeded"
    assert (await _run(service, graph_id, **keyed)).json()["run_id"] == run_id
    _refused(await _run(service, graph_id), 404, "graph_not_found")
    answer = await service.http.post("/runs", json={"graph": {**graph([sleep("a", 0.1), emit("b", 1)]), "name": name}})
    new = await service.get(answer.json()["run_id"])
    assert new["graph_id"] != graph_id


@pytest.mark.parametrize("by_name", [True, False])
async def test_one_that_a_schedule_runs_is_kept(service: Service, name: str, by_name: bool) -> None:
    old, new = [await _post(service, name, emit("a", number)) for number in range(2)]
    used, free = (new, old) if by_name else (old, new)
    which = {"graph_name": name} if by_name else {"graph_id": used}
    order = {"cron": "0 0 1 1 *", "schedule_id": name, **which}
    assert (await service.http.post("/schedules", json=order)).status_code == 201

    async def listed() -> bool:
        return bool((await service.http.get("/schedules", params={"graph_name": name})).json().get("schedules"))

    await until(listed, bool)

    problem = _refused(await service.http.delete(f"/graphs/{used}"), 409, "graph_in_use")
    assert problem["schedule_id"] == name
    assert (await service.http.delete(f"/graphs/{free}")).status_code == 204
    assert (await service.http.delete(f"/schedules/{name}")).status_code == 204

    async def deleted() -> int:
        return (await service.http.delete(f"/graphs/{used}")).status_code

    assert await until(deleted, lambda status: status != 409) == 204


async def test_its_document_goes_with_its_last_run(service: Service, name: str) -> None:
    graph_id = await _post(service, name, emit("a", 1))
    run_id = (await _run(service, graph_id)).json()["run_id"]
    await service.ended(run_id)
    await service.http.delete(f"/graphs/{graph_id}")
    graphs = service.store.graphs

    await graphs.forget_unused(1000)
    assert await graphs.of_run(graph_id) is not None
    assert (await service.http.delete(f"/runs/{run_id}")).status_code == 204
    assert await graphs.forget_unused(1000) >= 1
    assert await graphs.of_run(graph_id) is None
