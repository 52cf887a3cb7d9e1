"""Each way to steer a run, through REST and again through the `temporal` command: same events, same end, same row."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from sample_agents import Diary
from temporalio.client import Client, WorkflowExecutionDescription

from tests.integration.graph_cases import echo, edge, emit, fail, flaky, gate, graph, sleep
from tests.integration.service import Json, Service, build_service_worker, running_service
from tests.integration.temporal_cli import CommandFailed, TemporalCli
from tests.waiting import eventually, until
from wand_orchestrator.api.runs.run_steering import Steering
from wand_orchestrator.api.temporal.budget import CallBudget
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.errors import Unavailable
from wand_orchestrator.storage import RunHead

APPROVAL = {
    "prompt": "Ship it?",
    "schema": {"type": "object", "properties": {"ship": {"type": "boolean"}}, "required": ["ship"]},
}


class Operator(Protocol):
    """What somebody does to a run."""

    async def pause(self, run_id: str) -> None: ...
    async def resume(self, run_id: str) -> None: ...
    async def cancel(self, run_id: str) -> None: ...
    async def respond(self, run_id: str, node: str, answer: Any, by: str) -> None: ...
    async def skip(self, run_id: str, node: str) -> None: ...
    async def retry(self, run_id: str, node: str) -> None: ...


@dataclass
class ThroughRest:
    service: Service

    async def pause(self, run_id: str) -> None:
        await self._post(202, f"/runs/{run_id}/pause")

    async def resume(self, run_id: str) -> None:
        await self._post(202, f"/runs/{run_id}/resume")

    async def cancel(self, run_id: str) -> None:
        await self._post(202, f"/runs/{run_id}/cancel")

    async def respond(self, run_id: str, node: str, answer: Any, by: str) -> None:
        await self._post(200, f"/runs/{run_id}/nodes/{node}/respond", {"answer": answer, "by": by})

    async def skip(self, run_id: str, node: str) -> None:
        await self._post(200, f"/runs/{run_id}/nodes/{node}/skip")

    async def retry(self, run_id: str, node: str) -> None:
        await self._post(200, f"/runs/{run_id}/nodes/{node}/retry")

    async def _post(self, status: int, path: str, body: Json | None = None) -> None:
        answer = await self.service.http.post(path, json=body)
        assert answer.status_code == status, answer.text


@dataclass
class ThroughTemporal:
    cli: TemporalCli

    async def pause(self, run_id: str) -> None:
        await self.cli.signal(run_id, "pause")

    async def resume(self, run_id: str) -> None:
        await self.cli.signal(run_id, "resume")

    async def cancel(self, run_id: str) -> None:
        await self.cli("workflow", "cancel", "--workflow-id", run_id)

    async def respond(self, run_id: str, node: str, answer: Any, by: str) -> None:
        await self.cli.update(run_id, "respond", {"node": node, "answer": answer, "by": by})

    async def skip(self, run_id: str, node: str) -> None:
        await self.cli.update(run_id, "skip", node)

    async def retry(self, run_id: str, node: str) -> None:
        await self.cli.update(run_id, "retry", node)


@pytest.fixture(params=["rest", "temporal"])
def operator(request: pytest.FixtureRequest, service: Service) -> Operator:
    return ThroughRest(service) if request.param == "rest" else ThroughTemporal(TemporalCli(service.client))


async def _node(service: Service, run_id: str, node: str, status: str) -> Json:
    return await until(lambda: service.get(run_id), lambda run: run["nodes"][node]["status"] == status)


async def _status(service: Service, run_id: str, status: str) -> Json:
    return await until(lambda: service.get(run_id), lambda run: run["status"] == status)


async def _told(service: Service, run_id: str) -> list[tuple[str, str | None]]:
    return [(event["type"], event["node"]) for event in await service.events(run_id)]


async def _row(service: Service, run_id: str) -> tuple[str, int]:
    row = await service.store.runs.get(run_id)
    assert row is not None
    return row.status.value, row.progress


async def test_pause_holds_what_is_ready_and_resume_lets_it_go(
    service: Service, operator: Operator, tmp_path: Path
) -> None:
    document = graph([gate("a", tmp_path / "open"), echo("b")], [edge("a", "b")])
    run_id = await service.start(document)
    await _node(service, run_id, "a", "running")

    await operator.pause(run_id)
    await _status(service, run_id, "paused")
    (tmp_path / "open").touch()
    held = await _node(service, run_id, "a", "succeeded")
    assert held["status"] == "paused"
    assert held["nodes"]["b"]["waiting_for"] == ["the run to be resumed"]
    await operator.resume(run_id)
    run = await service.ended(run_id)

    assert run["status"] == "succeeded"
    assert await _told(service, run_id) == [
        ("run.started", None),
        ("node.scheduled", "a"),
        ("run.paused", None),
        ("node.succeeded", "a"),
        ("run.resumed", None),
        ("node.scheduled", "b"),
        ("node.succeeded", "b"),
        ("run.succeeded", None),
    ]
    assert await _row(service, run_id) == ("succeeded", 100)


async def test_an_approval_is_answered_and_who_answered_is_told(service: Service, operator: Operator) -> None:
    ask = {"id": "ask", "type": "flow.approval", "params": APPROVAL}
    run_id = await service.start(graph([ask, echo("then")], [edge("ask", "then", ship="ship")]))
    waiting = await _node(service, run_id, "ask", "waiting")
    assert waiting["nodes"]["ask"]["waiting_for"] == ["an answer to its open approval"]
    asked = next(event for event in await service.events(run_id) if event["type"] == "node.waiting")
    assert asked["data"]["prompt"] == APPROVAL["prompt"]
    assert asked["data"]["schema"] == APPROVAL["schema"]

    await operator.respond(run_id, "ask", {"ship": True}, "Ada")
    run = await service.ended(run_id)

    assert run["result"]["outputs"]["then"]["input"] == {"ship": True}
    assert any("Ada" in str(event) for event in await service.events(run_id, node="ask"))
    assert await _row(service, run_id) == ("succeeded", 100)


async def test_a_node_in_flight_is_cancelled_and_skipped(service: Service, operator: Operator, tmp_path: Path) -> None:
    slow = {"id": "slow", "type": "test.sleep", "params": {"sec": 600, "folder": str(tmp_path)}}
    run_id = await service.start(graph([slow, emit("a", 1), echo("end", join="any")], [edge("slow", "end")]))
    await eventually(lambda: Diary(tmp_path).count("start") == 1)

    await operator.skip(run_id, "slow")
    run = await service.ended(run_id)

    assert run["status"] == "succeeded"
    assert run["nodes"]["slow"]["status"] == "skipped"
    assert run["nodes"]["end"]["status"] == "skipped"
    assert Diary(tmp_path).count("cancel") == 1
    assert await _row(service, run_id) == ("succeeded", 100)


async def test_a_node_that_waits_for_its_next_attempt_is_tried_now(service: Service, operator: Operator) -> None:
    retry = {"initial_interval_sec": 3600, "max_interval_sec": 3600}
    run_id = await service.start(graph([flaky("a", 2, retry=retry)]))
    await _node(service, run_id, "a", "retrying")

    await operator.retry(run_id, "a")
    run = await service.ended(run_id)

    assert run["status"] == "succeeded"
    assert await _row(service, run_id) == ("succeeded", 100)


async def test_a_failed_node_holds_its_run_until_it_is_skipped(service: Service, operator: Operator) -> None:
    run_id = await service.start(graph([fail("a"), emit("b", 2)], options={"on_failure": "pause"}))
    await _status(service, run_id, "paused")

    await operator.retry(run_id, "a")
    await until(lambda: _told(service, run_id), lambda told: told.count(("run.paused", None)) == 2)
    await operator.skip(run_id, "a")
    run = await service.ended(run_id)

    assert run["status"] == "succeeded"
    assert run["result"]["skipped"] == ["a"]


async def test_a_run_that_a_failed_node_holds_says_so_and_cannot_be_resumed(service: Service) -> None:
    nodes = [fail("a"), sleep("slow", 0.2), emit("b")]
    run_id = await service.start(graph(nodes, [edge("slow", "b")], options={"on_failure": "pause"}))
    await _status(service, run_id, "paused")
    run = await _node(service, run_id, "slow", "succeeded")

    assert run["nodes"]["a"]["waiting_for"] == ["to be retried or skipped"]
    assert run["nodes"]["b"]["waiting_for"] == ["a, which failed, to be retried or skipped"]
    assert run["waiting_for"] == ["a: to be retried or skipped", "b: a, which failed, to be retried or skipped"]
    answer = await service.http.post(f"/runs/{run_id}/resume")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "held by a" in answer.json()["detail"]
    assert (await service.get(run_id))["status"] == "paused"

    await service.http.post(f"/runs/{run_id}/nodes/a/skip")
    assert (await service.ended(run_id))["status"] == "succeeded"


async def test_a_refusal_repeats_little_of_a_large_answer(service: Service) -> None:
    run_id = await service.start(graph([{"id": "ask", "type": "flow.approval", "params": APPROVAL}]))
    await _node(service, run_id, "ask", "waiting")

    answer = await service.http.post(f"/runs/{run_id}/nodes/ask/respond", json={"answer": {"ship": "x" * 3_000_000}})

    assert (answer.status_code, answer.json()["code"]) == (422, "answer_invalid")
    assert len(answer.json()["detail"]) < 300
    await service.http.post(f"/runs/{run_id}/cancel")
    assert (await service.ended(run_id))["status"] == "cancelled"


async def test_a_pause_before_a_run_has_begun_pauses_it_when_it_has(temporal_client: Client, tmp_path: Path) -> None:
    async with running_service(temporal_client, tmp_path, worker=False) as service:
        run_id = await service.start(graph([emit("a")]))
        assert (await service.http.post(f"/runs/{run_id}/pause")).status_code == 202
        async with build_service_worker(service):
            run = await _status(service, run_id, "paused")
            assert [event["type"] for event in await service.events(run_id)] == ["run.started", "run.paused"]
            assert run["nodes"]["a"]["status"] == "pending"
            await service.http.post(f"/runs/{run_id}/cancel")
            assert (await service.ended(run_id))["status"] == "cancelled"


@pytest.mark.parametrize("how", ["retry", "named"])
async def test_a_cancel_before_a_run_has_begun_leaves_a_journal(
    temporal_client: Client, tmp_path: Path, how: str
) -> None:
    async with running_service(temporal_client, tmp_path, worker=False) as service:
        async with build_service_worker(service):
            first = await service.run(graph([fail("a")]))
        if how == "retry":
            run_id = (await service.http.post(f"/runs/{first['run_id']}/retry")).json()["run_id"]
        else:
            run_id = "by-name"
            await service.client.start_workflow(
                "GraphRun",
                args=[{"graph_id": first["graph_id"]}, None],
                id=run_id,
                task_queue=service.settings.task_queue,
            )
        assert (await service.http.post(f"/runs/{run_id}/cancel")).status_code == 202
        async with build_service_worker(service):
            # Nobody reads the run by its id: its row says it.
            await until(lambda: service.store.runs.heads([run_id]), lambda heads: _ended(heads, run_id))
            events = await service.events(run_id)
            assert events[-1]["type"] == "run.cancelled"


def _ended(heads: dict[str, RunHead], run_id: str) -> bool:
    return run_id in heads and heads[run_id].status is RunStatus.CANCELLED


async def test_cancel_ends_a_paused_run(service: Service, operator: Operator, tmp_path: Path) -> None:
    run_id = await service.start(graph([gate("a", tmp_path / "never"), echo("b")], [edge("a", "b")]))
    await _node(service, run_id, "a", "running")
    await operator.pause(run_id)
    await _status(service, run_id, "paused")

    await operator.cancel(run_id)
    run = await service.ended(run_id)

    assert run["status"] == "cancelled"
    assert [type for type, _ in await _told(service, run_id)][-3:] == [
        "run.cancelling",
        "node.cancelled",
        "run.cancelled",
    ]


Refused = Callable[[Operator, str], Awaitable[None]]

REFUSED: dict[str, tuple[Refused, int, str, str]] = {
    "an answer that does not fit": (
        lambda operator, run: operator.respond(run, "ask", {"ship": "maybe"}, "Ada"),
        422,
        "answer_invalid",
        "does not fit the schema: `ship` must be true or false",
    ),
    "an answer to a node that does not ask": (
        lambda operator, run: operator.respond(run, "slow", 1, "Ada"),
        409,
        "conflict",
        "does not wait for an answer",
    ),
    "an answer to an unknown node": (
        lambda operator, run: operator.respond(run, "nobody", 1, "Ada"),
        422,
        "unknown_node",
        "the run has no node nobody",
    ),
    "a skip of a node that is done": (
        lambda operator, run: operator.skip(run, "done"),
        409,
        "conflict",
        "node done is succeeded already",
    ),
    "a retry of a node that has not begun": (
        lambda operator, run: operator.retry(run, "later"),
        409,
        "conflict",
        "has not failed",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused_changes_nothing(service: Service, operator: Operator, name: str) -> None:
    act, status, code, sentence = REFUSED[name]
    ask = {"id": "ask", "type": "flow.approval", "params": APPROVAL}
    run_id = await service.start(
        graph([emit("done", 1), sleep("slow", 600), ask, echo("later")], [edge("slow", "later")])
    )
    await until(
        lambda: service.get(run_id),
        lambda run: [run["nodes"][node]["status"] for node in ("done", "ask")] == ["succeeded", "waiting"],
    )
    before = await _told(service, run_id)

    if isinstance(operator, ThroughRest):
        with pytest.raises(AssertionError) as refusal:
            await act(operator, run_id)
        for part in (f'"status":{status}', f'"code":"{code}"', sentence):
            assert part in str(refusal.value)
    else:
        with pytest.raises(CommandFailed, match=sentence):
            await act(operator, run_id)

    assert await _told(service, run_id) == before
    await service.http.post(f"/runs/{run_id}/cancel")
    await service.ended(run_id)


@pytest.mark.parametrize("call", ["pause", "resume", "nodes/a/skip", "nodes/a/retry"])
async def test_a_run_that_has_ended_cannot_be_steered(service: Service, call: str) -> None:
    run = await service.run(graph([emit("a")]))

    answer = await service.http.post(f"/runs/{run['run_id']}/{call}")

    assert (answer.status_code, answer.json()["code"]) == (409, "run_ended")
    assert answer.json()["detail"] == "the run has ended (succeeded): nothing in it can be steered any more"


@pytest.mark.parametrize(("call", "status"), [("pause", 409), ("resume", 409), ("cancel", 202)])
async def test_a_run_that_ends_while_it_is_steered_has_ended(
    service: Service, monkeypatch: pytest.MonkeyPatch, call: str, status: int
) -> None:
    run_id = (await service.run(graph([emit("a")])))["run_id"]
    await service.client.get_workflow_handle(run_id).result()
    looks = iter([RunStatus.RUNNING])
    look = Steering._found

    async def just_before(
        steering: Steering, run_id: str, budget: CallBudget
    ) -> RunStatus | WorkflowExecutionDescription:
        return next(looks, None) or await look(steering, run_id, budget)

    monkeypatch.setattr(Steering, "_found", just_before)
    answer = await service.http.post(f"/runs/{run_id}/{call}")

    assert answer.status_code == status, answer.text
    assert answer.json().get("code", "") == ("run_ended" if status == 409 else "")


async def test_of_two_answers_at_once_one_is_taken(service: Service) -> None:
    ask = {"id": "ask", "type": "flow.approval", "params": APPROVAL}
    run_id = await service.start(graph([ask]))
    await _node(service, run_id, "ask", "waiting")

    async def answer(ship: bool) -> httpx.Response:
        return await service.http.post(f"/runs/{run_id}/nodes/ask/respond", json={"answer": {"ship": ship}})

    answers = await asyncio.gather(answer(True), answer(False))
    run = await service.ended(run_id)

    assert sorted(found.status_code for found in answers) == [200, 409]
    assert run["result"]["outputs"]["ask"]["ship"] is (answers[0].status_code == 200)


async def test_a_retried_run_keeps_what_had_succeeded(service: Service, tmp_path: Path) -> None:
    wide = [{"id": f"n{i}", "type": "test.emit", "params": {"value": i, "folder": str(tmp_path)}} for i in range(499)]
    last = {"id": "last", "type": "test.gated", "params": {"open": str(tmp_path / "open")}, "retries": 0}
    edges = [*(edge(f"n{i}", "last") for i in range(498)), edge("n498", "last", x="@")]
    first = await service.run(graph([*wide, last], edges, options={"concurrency": 200}))
    assert first["status"] == "failed"
    (tmp_path / "open").touch()
    begun = Diary(tmp_path).count("start")

    answer = await service.http.post(f"/runs/{first['run_id']}/retry")
    assert answer.status_code == 201, answer.text
    second = await service.ended(answer.json()["run_id"])

    assert second["status"] == "succeeded"
    assert second["retry_of"] == first["run_id"]
    assert (await service.get(first["run_id"]))["retried_by"] == [second["run_id"]]
    assert (first["retried_by"], second["retried_by"]) == ([], [])
    assert second["result"]["outputs"]["last"] == {"x": 498}
    assert Diary(tmp_path).count("start") == begun == 499
    told = [event["type"] for event in await service.events(second["run_id"], node="last")]
    assert told == ["node.scheduled", "node.succeeded"]
    kept = [event["type"] for event in await service.events(second["run_id"], node="n7")]
    assert kept == ["node.succeeded"]


@pytest.mark.parametrize("ending", ["cancel", "terminate"])
async def test_a_run_that_was_stopped_goes_on_as_a_new_one(service: Service, tmp_path: Path, ending: str) -> None:
    folder = {"folder": str(tmp_path)}
    nodes = [
        {"id": "a", "type": "test.emit", "params": {"value": 1, **folder}},
        gate("b", tmp_path / "open"),
        {"id": "c", "type": "test.emit", "params": {"value": 3, **folder}},
    ]
    run_id = await service.start(graph(nodes, [edge("a", "b"), edge("b", "c")]))
    await _node(service, run_id, "b", "running")
    too_early = await service.http.post(f"/runs/{run_id}/retry")
    assert (too_early.status_code, too_early.json()["code"]) == (409, "run_open")
    if ending == "cancel":
        await service.http.post(f"/runs/{run_id}/cancel")
    else:
        await service.client.get_workflow_handle(run_id).terminate()
    await service.ended(run_id)
    (tmp_path / "open").touch()

    again = [await service.http.post(f"/runs/{run_id}/retry", headers={"Idempotency-Key": run_id}) for _ in range(2)]
    assert again[0].json()["run_id"] == again[1].json()["run_id"]
    second = await service.ended(again[0].json()["run_id"])

    assert second["status"] == "succeeded"
    assert [entry[1] for entry in Diary(tmp_path).entries() if entry[0] == "start"] == ["a", "c"]

    answer = await service.http.post(f"/runs/{second['run_id']}/retry", json={"from": ["b"]})
    assert (await service.ended(answer.json()["run_id"]))["status"] == "succeeded"
    assert [entry[1] for entry in Diary(tmp_path).entries() if entry[0] == "start"] == ["a", "c", "c"]


async def test_a_retried_run_keeps_an_output_that_is_not_in_the_history(service: Service, tmp_path: Path) -> None:
    large = "x" * 1_000_000
    gated = {"id": "b", "type": "test.gated", "params": {"open": str(tmp_path / "open")}, "retries": 0}
    first = await service.run(graph([emit("a", large), gated], [edge("a", "b", x="@")]))
    assert first["status"] == "failed"
    (tmp_path / "open").touch()

    answer = await service.http.post(f"/runs/{first['run_id']}/retry")
    second = await service.ended(answer.json()["run_id"])

    assert second["result"]["outputs"] == {"b": {"x": large}}


async def test_what_depends_on_an_optional_node_that_had_failed_runs_again(service: Service, tmp_path: Path) -> None:
    optional = {
        "id": "f",
        "type": "test.gated",
        "params": {"open": str(tmp_path / "open")},
        "retries": 0,
        "optional": True,
    }
    last = optional | {"id": "last", "optional": False}
    nodes = [emit("a", {"x": 1}), optional, emit("yes", 1), emit("no", 2), last, echo("any", join="any"), emit("b", 3)]
    edges = [
        edge("a", "f", x="x"),
        edge("f", "yes", when="x"),
        edge("f", "no", when="!x"),
        edge("f", "any", from_f="x"),
        edge("b", "any", from_b="@"),
        edge("no", "last"),
        edge("yes", "last"),
    ]
    last["join"] = "any"
    first = await service.run(graph(nodes, edges))
    assert (first["status"], first["nodes"]["no"]["status"]) == ("failed", "succeeded")
    (tmp_path / "open").touch()

    answer = await service.http.post(f"/runs/{first['run_id']}/retry")
    second = await service.ended(answer.json()["run_id"])

    assert second["status"] == "succeeded"
    statuses = {node: state["status"] for node, state in second["nodes"].items()}
    assert (statuses["f"], statuses["yes"], statuses["no"]) == ("succeeded", "succeeded", "skipped")
    assert second["result"]["outputs"]["any"]["input"] == {"from_f": 1, "from_b": 3}
    kept = [event["node"] for event in await service.events(second["run_id"]) if event["data"].get("kept")]
    assert kept == ["a", "b"]


async def test_a_retry_that_makes_no_sense_is_refused(service: Service) -> None:
    run = await service.run(graph([emit("a")]))

    nothing = await service.http.post(f"/runs/{run['run_id']}/retry")
    unknown = await service.http.post(f"/runs/{run['run_id']}/retry", json={"from": ["nobody"]})
    nobody = await service.http.post("/runs/r_nobody/retry")

    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_retry")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_node")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "run_not_found")


async def test_a_cancel_reaches_a_run_that_temporal_is_too_busy_to_describe(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run_id = await service.start(graph([gate("a", tmp_path / "open")]))
    await _node(service, run_id, "a", "running")

    async def busy(run_id: str, seconds: float) -> None:
        raise Unavailable("temporal", "Temporal does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(service.services.executions, "describe", busy)
        answer = await service.http.post(f"/runs/{run_id}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelling")
    assert (await service.ended(run_id))["status"] == "cancelled"
