"""DELETE /runs/{id}: what has ended goes, from everywhere, and does not come back."""

import asyncio
import uuid
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError

from tests.integration.graph_cases import emit, graph, sleep
from tests.integration.service import Json, Service, running_service
from tests.integration.temporal_cli import TemporalCli
from tests.waiting import until
from wand_orchestrator.api.temporal import listings
from wand_orchestrator.api.temporal.executions import Executions

LARGE = "x" * 1_000_000


async def _delete(service: Service, run_id: str) -> tuple[int, str]:
    answer = await service.http.delete(f"/runs/{run_id}")
    return answer.status_code, answer.json()["code"] if answer.content else ""


async def _in_temporal(service: Service, run_id: str) -> list[str]:
    """What Temporal still has of the run and its child runs, in whichever of its two places."""
    found = await TemporalCli(service.client).listed(f'WorkflowId = "{run_id}" OR RootWorkflowId = "{run_id}"')
    described = await Executions(service.client, "", eager=False).describe(run_id, 10)
    return found if described is None else [*found, run_id]


def _files(service: Service, run_id: str) -> list[Path]:
    return [path for path in Path(service.settings.data_dir).rglob("*") if run_id in str(path)]


async def _is_gone(service: Service, run_id: str) -> None:
    await until(lambda: _in_temporal(service, run_id), lambda found: not found)
    await until(lambda: asyncio.to_thread(_files, service, run_id), lambda found: not found)


async def test_an_ended_run_is_removed_with_all_that_it_has_anywhere(service: Service) -> None:
    part = {**graph([emit("large", LARGE)]), "name": f"part-{uuid.uuid4()}"}
    assert (await service.http.post("/graphs", json=part)).status_code == 201
    sub = {"id": "sub", "type": "flow.graph", "params": {"graph": part["name"]}}
    body: Json = {"graph": graph([sub, emit("a")])}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    run_id = str((await service.http.post("/runs", json=body, headers=key)).json()["run_id"])
    run = await service.ended(run_id)
    assert run["status"] == "succeeded", run["error"]
    child = f"{run_id}.sub"
    assert await _delete(service, child) == (409, "run_is_part")
    for id in (run_id, child):
        await service.artifacts.save(id, "n", "a.txt", b"a", "text/plain")
    files = [path.relative_to(service.settings.data_dir).parts for path in _files(service, run_id) if path.is_file()]
    assert {(parts[0], unquote(parts[1])) for parts in files} >= {
        ("artifacts", run_id),
        ("artifacts", child),
        ("payloads", child),
    }

    assert await _delete(service, run_id) == (204, "")

    for id in (run_id, child):
        for path in ("", "/logs", "/stream", "/artifacts", "/artifacts/a.txt"):
            assert (await service.http.get(f"/runs/{id}{path}")).status_code == 404
        assert await _delete(service, id) == (404, "run_not_found")
    await _is_gone(service, run_id)
    again = await service.http.post("/runs", json={**body, "input": "another"}, headers=key)
    assert again.status_code == 201
    assert again.json()["run_id"] != run_id
    await service.ended(again.json()["run_id"])


async def test_files_of_a_deleted_run_are_not_shown_while_they_are_still_there(
    temporal_client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "wand_orchestrator.api.runs.deletion.RunRemoval.run", lambda _: asyncio.sleep(3600)
    )  # nobody removes them
    async with running_service(temporal_client, tmp_path) as own:
        run_id = (await own.run(graph([emit("a")])))["run_id"]
        await own.artifacts.save(run_id, "n", "a.txt", b"a", "text/plain")
        assert (await own.http.get(f"/runs/{run_id}/artifacts/a.txt")).text == "a"
        assert await _delete(own, run_id) == (204, "")
        assert [artifact.name for artifact in await own.artifacts.list(run_id)] == ["a.txt"]
        for path in ("artifacts", "artifacts/a.txt"):
            assert (await own.http.get(f"/runs/{run_id}/{path}")).status_code == 404


async def test_a_run_that_was_just_started_has_no_stream_once_it_is_deleted(
    temporal_client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wand_orchestrator.api.outbox.confirmations.GATHER_SEC", 3600)
    async with running_service(temporal_client, tmp_path) as own:
        run_id = (await own.run(graph([emit("a")])))["run_id"]
        assert own.services.launcher.has_just_started(run_id)
        assert await _delete(own, run_id) == (204, "")
        assert (await own.http.get(f"/runs/{run_id}/stream")).status_code == 404


async def test_a_run_that_goes_on_is_cancelled_first(service: Service) -> None:
    run_id = await service.start(graph([sleep("a", 600)]))
    await until(lambda: service.get(run_id), lambda run: run["nodes"]["a"]["status"] == "running")

    answer = await service.http.delete(f"/runs/{run_id}")

    assert (answer.status_code, answer.json()["code"]) == (409, "run_open")
    assert "cancel it first" in answer.json()["detail"]
    await service.http.post(f"/runs/{run_id}/cancel")
    await service.ended(run_id)
    assert await _delete(service, run_id) == (204, "")
    assert await _delete(service, "r_nobody") == (404, "run_not_found")


@pytest.mark.parametrize("name", ['a "b"', "a 'b'", "a\\b", "a\tb", "a b ü"])
async def test_child_runs_of_any_id_are_deleted_in_temporal_too(service: Service, name: str) -> None:
    answer = await service.http.post("/graphs", json=graph([emit("e")]) | {"name": "of-any-id"})
    assert answer.status_code == 201, answer.text
    run_id = f"{uuid.uuid4()} {name}"
    queue, document = service.settings.task_queue, graph([emit("e")]) | {"name": name}
    document["nodes"].append({"id": "sub", "type": "flow.graph", "params": {"graph": "of-any-id"}})
    stored = await service.http.post("/graphs", json=document)
    assert stored.status_code == 201, stored.text
    order = {"graph_name": name}
    await service.client.start_workflow("GraphRun", order, id=run_id, task_queue=queue)
    quoted = quote(run_id, safe="")
    assert (await service.ended(quoted))["status"] == "succeeded"
    [listed] = (await service.http.get("/runs", params={"name": name})).json()["runs"]
    assert listed["run_id"] == run_id
    family = {run_id, f"{run_id}.sub"}
    await until(
        lambda: listings.family(service.services.executions, run_id, 5), lambda found: {id for id, _ in found} == family
    )

    assert await _delete(service, quoted) == (204, "")

    for id in (run_id, f"{run_id}.sub"):
        await until(lambda id=id: service.services.executions.describe(id, 5), lambda found: found is None)  # type: ignore[misc]


@pytest.mark.parametrize("started", ["through the API", "past it"])
async def test_no_reader_brings_a_run_back_while_temporal_deletes_it(service: Service, started: str) -> None:
    document = graph([emit("a"), sleep("b", 600)])
    if started == "past it":
        run_id = f"by-hand-{uuid.uuid4()}"
        queue = service.settings.task_queue
        await service.client.start_workflow("GraphRun", {"graph": document}, id=run_id, task_queue=queue)
    else:
        run_id = await service.start(document)
    await until(
        lambda: service.get(run_id), lambda run: "b" in run["nodes"] and run["nodes"]["b"]["status"] == "running"
    )
    await service.client.get_workflow_handle(run_id).terminate()

    assert await _delete(service, run_id) == (204, "")
    while await _in_temporal(service, run_id):
        answers = await asyncio.gather(*(service.http.get(f"/runs/{run_id}{path}") for path in ("", "/logs")))
        assert [answer.status_code for answer in answers] == [404, 404]

    assert await service.store.events.last_seq(run_id) == 0
    assert run_id not in [head.run_id for head in (await service.store.runs.page(None, 500)).items]


async def test_a_workflow_deletes_as_the_api_does(service: Service) -> None:
    ended = str((await service.run(graph([emit("a")])))["run_id"])
    goes_on = await service.start(graph([sleep("a", 600)]))

    async def delete(run_id: str) -> None:
        queue = service.settings.task_queue
        await service.client.execute_workflow("RunDeletion", run_id, id=f"delete-{uuid.uuid4()}", task_queue=queue)

    async def refused(run_id: str) -> str | None:
        with pytest.raises(WorkflowFailureError) as failed:
            await delete(run_id)
        cause = failed.value.cause.__cause__
        assert isinstance(cause, ApplicationError)
        return cause.type

    await delete(ended)
    assert [await refused(run_id) for run_id in (goes_on, "r_nobody", ended)] == [
        "run_open",
        "run_not_found",
        "run_not_found",
    ]
    assert (await service.http.get(f"/runs/{ended}")).status_code == 404
    assert (await service.get(goes_on))["status"] == "running"
    await service.http.post(f"/runs/{goes_on}/cancel")


async def test_what_a_crash_left_behind_is_removed_by_the_next_process(service: Service) -> None:
    run_id = str((await service.run(graph([emit("large", LARGE)])))["run_id"])
    await service.store.deletions.add(run_id)  # and there it crashed

    async with running_service(
        service.client, service.settings.data_dir, worker=False, task_queue=service.settings.task_queue
    ):
        await _is_gone(service, run_id)
