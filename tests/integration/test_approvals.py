"""The list of what waits for people, over all runs, through the API."""

from pathlib import Path
from typing import Any

from temporalio.client import Client

from tests.integration.graph_cases import graph
from tests.integration.graph_runs import Runs, serve
from tests.integration.scripted_llm import Script, calls, scripted_registry
from tests.integration.service import Json, Service
from tests.waiting import until
from wand_orchestrator.api.runs.approvals import ApprovalView

SCHEMA: Json = {"type": "object", "properties": {"ship": {"type": "boolean"}}, "required": ["ship"]}
ASK = {"id": "ask", "type": "flow.approval", "params": {"prompt": "Ship it?", "schema": SCHEMA}}


async def listed(service: Service, tag: str) -> list[Json]:
    answer = await service.http.get("/approvals", params={"tag": tag})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["approvals"])


async def waits(service: Service, tag: str, count: int) -> list[Json]:
    async def now() -> list[Json]:
        return await listed(service, tag)

    return await until(now, lambda approvals: len(approvals) == count)


async def answered(service: Service, asked: Json, body: Any) -> None:
    answer = await service.http.post(asked["respond_url"], json=body)
    assert answer.status_code == 200, answer.text


async def test_an_approval_is_listed_while_it_waits_and_its_url_answers_it(service: Service) -> None:
    second = ASK | {"id": "again"}
    run_id = await service.start(graph([ASK, second]), tags=["inbox-1"])

    asked = {approval["node"]: approval for approval in await waits(service, "inbox-1", 2)}

    assert asked["ask"]["run_id"] == run_id
    assert asked["ask"]["part_of"] is None
    assert (asked["ask"]["prompt"], asked["ask"]["schema"], asked["ask"]["graph"]) == ("Ship it?", SCHEMA, "case")
    link = await service.http.post(asked["ask"]["link_url"], json={})
    assert link.status_code == 201, link.text
    await answered(service, asked["ask"], {"answer": {"ship": True}})
    [left] = await waits(service, "inbox-1", 1)
    assert left["node"] == "again"
    await answered(service, left, {"answer": {"ship": False}})
    run = await service.ended(run_id)
    assert run["result"]["outputs"] == {"ask": {"ship": True}, "again": {"ship": False}}
    assert await listed(service, "inbox-1") == []


async def test_a_run_that_ends_while_the_list_is_written_keeps_its_result(service: Service) -> None:
    ask = ASK | {"params": {"timeout_sec": 0.01, "on_timeout": {"answer": 1}}}
    runs = [await service.start(graph([ask]), tags=["inbox-4"]) for _ in range(10)]
    ended = [await service.ended(run_id) for run_id in runs]
    assert [run["result"] and run["result"]["outputs"] for run in ended] == [{"ask": 1}] * 10
    assert await listed(service, "inbox-4") == []


async def test_an_approval_in_a_child_run_is_listed_once_and_answered_there(service: Service) -> None:
    stored = await service.http.post("/graphs", json=graph([ASK]) | {"name": "asks for its parent"})
    assert stored.status_code == 201, stored.text
    sub = {"id": "sub", "type": "flow.graph", "params": {"graph": "asks for its parent"}}
    run_id = await service.start(graph([sub]), tags=["inbox-2"])

    [asked] = await waits(service, "inbox-2", 1)

    assert (asked["part_of"], asked["graph"], asked["node"]) == (run_id, "asks for its parent", "ask")
    await answered(service, asked, {"answer": {"ship": True}})
    assert (await service.ended(run_id))["result"]["outputs"] == {"sub": {"ask": {"ship": True}}}
    assert await listed(service, "inbox-2") == []


async def test_an_approval_of_a_run_that_was_terminated_or_deleted_is_gone(service: Service) -> None:
    runs = [await service.start(graph([ASK]), tags=["inbox-3"]) for _ in range(2)]
    await waits(service, "inbox-3", 2)

    await service.client.get_workflow_handle(runs[0]).terminate("by hand")
    assert (await service.ended(runs[0]))["status"] == "terminated"
    [left] = await listed(service, "inbox-3")
    assert left["run_id"] == runs[1]
    await service.http.post(f"/runs/{runs[1]}/cancel")
    await service.ended(runs[1])
    assert (await service.http.delete(f"/runs/{runs[1]}")).status_code == 204
    assert await listed(service, "inbox-3") == []


async def test_a_call_of_a_tool_that_somebody_has_to_approve_is_listed_with_its_arguments(
    temporal_client: Client, tmp_path: Path
) -> None:
    script = Script(tmp_path / "script", calls(("test_double", {"number": 4})), {"text": "done"})
    params = {"model": script.model, "prompt": "Go.", "tools": [{"tool": "test.double", "approve": True}]}
    async for runs in serve(temporal_client, tmp_path / "data", scripted_registry()):
        handle = await runs.start(graph([{"id": "write", "type": "agent.llm", "params": params}]))

        async def asked(runs: Runs = runs) -> list[ApprovalView]:
            return [ApprovalView.of(question) for question in (await runs.store.questions.page(None, 9)).items]

        [approval] = await until(asked, bool)
        assert (approval.run_id, approval.node) == (handle.id, "write[0].test_double")
        assert approval.respond_url == f"/runs/{handle.id}/nodes/write%5B0%5D.test_double/respond"
        assert approval.details == {"tool": "test.double", "arguments": {"number": 4}}
        await handle.execute_update("respond", {"node": approval.node, "answer": {"approved": True}})
        await handle.result()
        assert await asked() == []
