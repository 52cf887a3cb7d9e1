"""Runs that were started past the API with the name of a stored graph, as a schedule does and the CLI can."""

import asyncio
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.graph_cases import edge, emit, fail, gate, graph
from tests.integration.service import Json, Service, running_service
from tests.integration.temporal_cli import CommandFailed, TemporalCli
from tests.postgres import PostgresServer
from tests.waiting import until


async def _start(service: Service, document: Json) -> str:
    run_id = f"by-hand-{uuid.uuid4().hex[:8]}"
    await service.client.start_workflow("GraphRun", document, id=run_id, task_queue=service.settings.task_queue)
    return run_id


async def _store(service: Service, document: Json) -> str:
    answer = await service.http.post("/graphs", json=document)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["graph_id"])


async def _listed(service: Service, name: str) -> list[Json]:
    return list((await service.http.get("/runs", params={"name": name})).json()["runs"])


async def test_a_run_by_name_takes_the_newest_version_and_is_listed_while_it_runs(
    service: Service, tmp_path: Path
) -> None:
    name, opened = "named", tmp_path / "open"
    older = await _store(service, {**graph([emit("a", "older")]), "name": name})
    newer = await _store(service, {**graph([gate("a", opened), emit("b")], [edge("a", "b")]), "name": name})

    run_id = await _start(service, {"graph_name": name, "input": {"n": 1}, "tags": ["by-hand"]})
    [row] = await until(lambda: _listed(service, name), bool)
    shown = await until(lambda: service.get(run_id), lambda run: run["nodes"].get("a", {}).get("status") == "running")
    described = await service.client.get_workflow_handle(run_id).describe()
    opened.touch()
    run = await service.ended(run_id)
    by_id = await service.ended(await _start(service, {"graph_id": older}))

    assert (row["run_id"], row["status"], row["graph_id"]) == (run_id, "running", newer)
    assert list(shown["nodes"]) == ["a", "b"]
    attributes = {pair.key.name: pair.value for pair in described.typed_search_attributes}
    assert (attributes["WandGraph"], attributes["WandGraphId"], attributes["WandTags"]) == (name, newer, ["by-hand"])
    assert await described.memo() == {
        "graph": name,
        "graph_id": newer,
        "version": 2,
        "nodes": 2,
        "tags": ["by-hand"],
    }
    assert run["status"] == "succeeded"
    assert next(event["type"] for event in await service.events(run_id)) == "run.started"
    stored = await service.store.runs.get(run_id)
    assert stored is not None
    assert (stored.input, stored.terms.tags) == ({"n": 1}, ("by-hand",))
    tagged = (await service.http.get("/runs", params={"tag": "by-hand"})).json()["runs"]
    assert [run["run_id"] for run in tagged] == [run_id]
    assert by_id["result"]["outputs"] == {"a": "older"}


async def test_a_run_by_name_is_retried_from_where_it_failed(service: Service) -> None:
    name = "named-retry"
    nodes = [emit("a", 1), fail("b")]
    await _store(service, {**graph(nodes, [edge("a", "b")]), "name": name})
    run_id = await _start(service, {"graph_name": name})
    assert (await service.ended(run_id))["status"] == "failed"

    again = (await service.http.post(f"/runs/{run_id}/retry")).json()
    await service.ended(again["run_id"])

    memo = await (await service.client.get_workflow_handle(again["run_id"]).describe()).memo()
    assert memo["version"] == 1
    events = await service.events(again["run_id"])
    assert [event["node"] for event in events if event["data"].get("kept")] == ["a"]


async def test_a_run_of_an_unknown_graph_fails_with_its_row_and_its_event(service: Service) -> None:
    run_id = await _start(service, {"graph_name": "never-stored"})

    run = await until(lambda: _listed(service, "never-stored"), lambda runs: bool(runs) and runs[0]["finished_at"])

    assert (run[0]["run_id"], run[0]["status"], run[0]["error"]["code"]) == (run_id, "failed", "graph_not_found")
    assert [event["type"] for event in await service.events(run_id)] == ["run.failed"]
    retried = await service.http.post(f"/runs/{run_id}/retry")
    assert (retried.status_code, retried.json()["code"]) == (409, "nothing_to_retry")


async def _accepted_updates(service: Service, run_id: str) -> int:
    """How many updates the history of the run has accepted, answered or not."""
    history = await service.client.get_workflow_handle(run_id).fetch_history()
    return sum(event.HasField("workflow_execution_update_accepted_event_attributes") for event in history.events)


@pytest.mark.parametrize("steer", ["pause", "cancel"])
async def test_a_run_is_steered_while_its_graph_cannot_be_fetched(service: Service, tmp_path: Path, steer: str) -> None:
    """With the database away; a pause holds from the first node on, a cancel ends the run, and an update waits."""
    with PostgresServer() as own:
        async with running_service(service.client, tmp_path, database_url=own.new_database()) as running:
            await _store(running, {**graph([emit("a"), emit("b")]), "name": "held"})
            await asyncio.to_thread(own.stop)
            run_id = await _start(running, {"graph_name": "held"})
            shown = await until(lambda: running.get(run_id), lambda run: bool(run["waiting_for"]))
            assert (shown["status"], shown["nodes"]) == ("running", {})
            temporal = TemporalCli(service.client)
            skipping = asyncio.ensure_future(temporal.update(run_id, "skip", "a"))
            await until(lambda: _accepted_updates(running, run_id), bool)
            if steer == "pause":
                await temporal.signal(run_id, "pause")
            else:
                await running.client.get_workflow_handle(run_id).cancel()
            own.start()

            if steer == "pause":
                await skipping
                await until(lambda: running.get(run_id), lambda run: run["status"] == "paused")
                await temporal.signal(run_id, "resume")
            else:
                with pytest.raises(CommandFailed, match="the run is cancelled"):
                    await skipping
            run = await running.ended(run_id)
            types = [event["type"] for event in await running.events(run_id)]
            if steer == "pause":
                assert (run["status"], run["nodes"]["a"]["status"], run["nodes"]["b"]["status"]) == (
                    "succeeded",
                    "skipped",
                    "succeeded",
                )
                assert types[:4] == ["run.started", "run.paused", "node.skipped", "run.resumed"]
            else:
                assert (run["status"], types) == ("cancelled", ["run.cancelled"])


async def test_an_id_that_a_run_had_is_not_used_again(service: Service) -> None:
    await _store(service, {**graph([emit("a", 1)]), "name": "once"})
    run_id = await _start(service, {"graph_name": "once"})
    first = await service.ended(run_id)
    # The row is written by the workflow's last step but one: until it has closed, its id cannot be used again.
    await service.client.get_workflow_handle(run_id).result()

    again = await service.client.start_workflow(
        "GraphRun", {"graph_name": "once"}, id=run_id, task_queue=service.settings.task_queue
    )
    with pytest.raises(Exception, match=r"[Ww]orkflow.*failed"):
        await asyncio.wait_for(again.result(), 30)

    assert await service.get(run_id) == first


@pytest.mark.parametrize("id", ["nightly/2026/é", "100 %2F/%25 [x]/cancel", 'a"b\\c\td/'])
async def test_a_run_whose_id_holds_a_slash_is_read_and_steered(service: Service, tmp_path: Path, id: str) -> None:
    opened = tmp_path / "open"
    run_id = f"{uuid.uuid4().hex[:8]}/{id}"
    items = {"id": "items", "type": "agent.transform", "params": {"expression": "`[{}]`"}}
    each = {"id": "m", "type": "flow.map", "params": {"agent": "test.keep"}}
    document = graph([items, each, gate("g", opened)], [edge("items", "m", items="@"), edge("m", "g")])
    queue = service.settings.task_queue
    await service.client.start_workflow("GraphRun", {"graph": document}, id=run_id, task_queue=queue)
    quoted = quote(run_id, safe="")

    await until(lambda: service.get(quoted), lambda run: run["nodes"].get("g", {}).get("status") == "running")
    for call, status in (("pause", "paused"), ("resume", "running")):
        answer = await service.http.post(f"/runs/{quoted}/{call}")
        assert (answer.status_code, answer.json()["run_id"]) == (202, run_id)
        await until(lambda: service.get(quoted), lambda run, status=status: run["status"] == status)  # type: ignore[misc]
    opened.touch()
    run = await service.ended(quoted)

    assert (run["run_id"], run["status"]) == (run_id, "succeeded")
    events = await service.events(quoted)
    assert [event async for event in service.stream(quoted)] == events
    node = (await service.http.get(f"/runs/{quoted}/nodes/m%5B0%5D")).json()
    assert (node["status"], node["attempts"][-1]["attempt"]) == ("succeeded", 1)
    assert list((await service.http.get(f"/runs/{quoted}/nodes/m")).json()["parts"]) == ["m[0]"]
    [file] = (await service.http.get(f"/runs/{quoted}/artifacts")).json()["artifacts"]
    assert (file["run_id"], file["node"]) == (run_id, "m[0]")
    assert (await service.http.get(file["url"])).text == "m[0]"
    retried = await service.http.post(f"/runs/{quoted}/retry", json={"from": ["items"]})
    assert retried.status_code == 201, retried.text
    await service.ended(retried.json()["run_id"])
    assert (await service.get(quoted))["retried_by"] == [retried.json()["run_id"]]
    assert (await service.http.delete(f"/runs/{quoted}")).status_code == 204
    assert (await service.http.get(f"/runs/{quoted}")).status_code == 404
