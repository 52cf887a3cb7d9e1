"""Webhooks on the real server, sent to a real receiver."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from tests.integration.conftest import WEBHOOK_SECRET
from tests.integration.graph_cases import edge, emit, fail, gate, graph
from tests.integration.receiver import Receiver, Request, receiving
from tests.integration.service import Json, Service, running_service
from tests.waiting import until
from wand_orchestrator.activities.core.deliver_webhook import build_webhook_worker
from wand_orchestrator.contract.delivery import Delivery, delivery_workflow_id
from wand_orchestrator.contract.names import (
    webhook_queue,
)
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.workflows.webhook_delivery import WebhookDelivery

Verified = Callable[[str, Mapping[str, str], bytes], bool]

APPROVAL = {"id": "ask", "type": "flow.approval", "params": {"prompt": "May it?"}}


@pytest.fixture(scope="module")
async def deliveries(service: Service) -> AsyncIterator[None]:
    async with build_webhook_worker(service.client, service.settings, [WebhookDelivery]):
        yield


@pytest.fixture(scope="module")
def verified() -> Verified:
    """The function that docs/webhooks.md gives to receivers."""
    found = re.search(r"```python\n(.*?)```", (Path(__file__).parents[2] / "docs/webhooks.md").read_text(), re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found.group(1), names)
    function: Verified = names["verified"]
    return function


def to(receiver: Receiver, *events: str) -> Json:
    return {"url": receiver.url, **({"events": list(events)} if events else {})}


def said(request: Request) -> Json:
    return dict(json.loads(request.body))


async def deliveries_of(service: Service, run_id: str) -> list[Json]:
    """As the API tells them, once Temporal lists one."""

    async def listed() -> list[Json]:
        answer = await service.http.get(f"/runs/{run_id}/webhooks")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["deliveries"])

    return await until(listed, bool)


async def delivery_of(service: Service, run_id: str) -> WorkflowHandle[Any, Any]:
    """The delivery about the run's last event; it begins a moment after the archive has that event."""
    events = await service.events(run_id)
    delivery = service.client.get_workflow_handle(delivery_workflow_id(run_id, events[-1]["seq"]))

    async def begun() -> bool:
        try:
            await delivery.describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True

    await until(begun, bool)
    return delivery


@pytest.mark.usefixtures("deliveries")
async def test_the_end_of_a_run_is_told_once_and_signed_and_the_secret_is_nowhere(
    service: Service, verified: Verified
) -> None:
    async with receiving() as receiver:
        run = await service.run(graph([emit("a", "output")]), webhook=to(receiver), tags=["b", "a"])
        delivery = await delivery_of(service, run["run_id"])
        assert await delivery.result() == 204

        [request] = receiver.requests
    assert request.target.startswith("POST /hook?token=in-the-query ")
    assert verified(WEBHOOK_SECRET, request.headers, request.body)
    assert not verified(WEBHOOK_SECRET, request.headers, request.body + b" ")
    event = (await service.events(run["run_id"]))[-1]
    [told] = await deliveries_of(service, run["run_id"])
    assert (told["seq"], told["event"], told["status"]) == (event["seq"], "run.succeeded", "delivered")
    assert (told["attempt"], told["error"], told["next_attempt_at"]) == (1, None, None)
    assert told["finished_at"] >= told["started_at"] >= event["ts"][:10]
    assert said(request) == {
        "type": "run.succeeded",
        "timestamp": event["ts"],
        "data": {
            "run_id": run["run_id"],
            "graph_id": run["graph_id"],
            "name": run["name"],
            "status": "succeeded",
            "progress": 100,
            "created_at": run["created_at"],
            "started_at": run["started_at"],
            "finished_at": run["finished_at"],
            "error": None,
            "retry_of": None,
            "part_of": None,
            "tags": ["a", "b"],
            "event": event,
        },
    }
    histories = [
        (await handle.fetch_history()).to_json()
        for handle in (delivery, service.client.get_workflow_handle(run["run_id"]))
    ]
    texts = [*histories, json.dumps(run), json.dumps(await service.events(run["run_id"]))]
    assert request.headers["webhook-id"] in histories[0]
    key = WEBHOOK_SECRET.removeprefix("whsec_")
    assert not [text for text in texts if key in text or request.headers["webhook-signature"] in text]


@pytest.mark.usefixtures("deliveries")
async def test_a_receiver_that_fails_is_tried_again_with_the_same_id_and_no_redirect_is_followed(
    service: Service, verified: Verified
) -> None:
    failing = ("307 Temporary Redirect\r\nLocation: /elsewhere\r\nRetry-After: 0", "500 Oh\r\nRetry-After: 0")
    async with receiving(*failing) as receiver:
        run_id = await service.start(graph([fail("a")]), webhook=to(receiver, "run.failed"))
        requests = await receiver.received(3)
        run = await service.ended(run_id)
        assert await (await delivery_of(service, run_id)).result() == 204

    assert [request.target for request in requests] == ["POST /hook?token=in-the-query HTTP/1.1"] * 3
    assert len({(request.headers["webhook-id"], request.body) for request in requests}) == 1
    assert all(verified(WEBHOOK_SECRET, request.headers, request.body) for request in requests)
    assert said(requests[0])["data"]["error"] == run["error"]


@pytest.mark.usefixtures("deliveries")
async def test_a_receiver_that_hangs_does_not_delay_the_end_of_the_run(service: Service) -> None:
    async with receiving() as receiver:
        receiver.open.clear()
        run_id = await service.start(graph([emit("a")]), webhook=to(receiver))
        run = await service.ended(run_id)
        streamed = [event["type"] async for event in service.stream(run_id)]
        await service.client.get_workflow_handle(run_id).result()
        await receiver.received(1)
        delivery = await delivery_of(service, run_id)
        still = (await delivery.describe()).status
        [shown] = await deliveries_of(service, run_id)
        receiver.open.set()
        assert await delivery.result() == 204

    assert (streamed[-1], run["status"]) == ("run.succeeded", "succeeded")
    assert still is WorkflowExecutionStatus.RUNNING
    assert (shown["status"], shown["attempt"], shown["finished_at"]) == ("pending", 1, None)


@pytest.mark.usefixtures("deliveries")
async def test_a_receiver_that_is_gone_is_not_tried_again(service: Service) -> None:
    async with receiving("410 Gone") as receiver:
        run = await service.run(graph([emit("a")]), webhook=to(receiver))
        failure = await _failure(await delivery_of(service, run["run_id"]))
        [shown] = await deliveries_of(service, run["run_id"])

    assert (shown["status"], shown["attempt"], shown["error"]) == ("failed", 1, failure.message)
    assert failure.type == "webhook_gone"
    assert "in-the-query" not in failure.message
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("settings", "code", "mended_by"),
    [
        ({"webhook_secret": WEBHOOK_SECRET}, "address_refused", "WAND_FETCH_ALLOW"),
        ({"fetch_allow": "127.0.0.1"}, "webhooks_off", "WAND_WEBHOOK_SECRET"),
    ],
)
async def test_a_delivery_that_cannot_be_made_says_in_temporal_what_would_mend_it(
    service: Service, settings: Json, code: str, mended_by: str
) -> None:
    """An address that is closed is final; a worker without the secret may be one of several."""
    configured = (
        service.settings.model_copy(
            update={"task_queue": f"q-{code}", "fetch_allow": "", "webhook_secret": None}
        ).model_dump()
        | settings
    )
    other = type(service.settings)(_env_file=None, **configured)
    async with receiving() as receiver, build_webhook_worker(service.client, other, [WebhookDelivery]):
        handle = await service.client.start_workflow(
            "WebhookDelivery",
            Delivery(id="msg_1", url=receiver.url, body={"type": "run.succeeded"}),
            id=f"delivery-{code}",
            task_queue=webhook_queue(other.task_queue),
        )
        if code == "address_refused":
            message = (await _failure(handle)).message
            assert "127.0.0.1 is a loopback address" in message
        else:
            described = await until(
                handle.describe, lambda seen: any(a.attempt > 1 for a in seen.raw_description.pending_activities)
            )
            message = described.raw_description.pending_activities[0].last_failure.message
            await handle.terminate()
        assert mended_by in message
        assert receiver.requests == []


@pytest.mark.usefixtures("deliveries")
async def test_a_run_that_was_terminated_is_told_once_by_its_first_readers(service: Service, tmp_path: Path) -> None:
    async with receiving() as receiver:
        run_id = await service.start(graph([gate("a", tmp_path / "never")]), webhook=to(receiver))
        await until(lambda: service.get(run_id), lambda run: run["nodes"]["a"]["status"] == "running")
        await service.client.get_workflow_handle(run_id).terminate("enough")
        await asyncio.gather(*(service.ended(run_id) for _ in range(5)))
        delivery = await delivery_of(service, run_id)
        assert await delivery.result() == 204

        [request] = receiver.requests
        assert (await service.http.delete(f"/runs/{run_id}")).status_code == 204
        with pytest.raises(RPCError):
            await until(delivery.describe, lambda _: False)  # until Temporal has deleted it, too
    assert said(request)["type"] == "run.terminated"
    assert said(request)["data"]["error"]["code"] == "terminated"


@pytest.mark.usefixtures("deliveries")
async def test_a_run_that_was_terminated_is_told_although_nobody_reads_it(service: Service, tmp_path: Path) -> None:
    own = service.settings
    async with receiving() as receiver:
        run_id = await service.start(graph([gate("a", tmp_path / "never")]), webhook=to(receiver))
        await until(lambda: service.get(run_id), lambda run: run["nodes"]["a"]["status"] == "running")
        await service.client.get_workflow_handle(run_id).terminate("enough")
        listed = f'WorkflowId = "{run_id}" AND ExecutionStatus = "Terminated"'
        await until(lambda: service.client.count_workflows(listed), lambda counted: counted.count == 1)
        async with running_service(
            service.client, own.data_dir, worker=False, task_queue=own.task_queue, webhook_secret=WEBHOOK_SECRET
        ):
            [request] = await receiver.received(1)
    assert said(request)["data"]["status"] == "terminated"
    await until(
        lambda: service.store.runs.get(run_id), lambda run: run is not None and run.status is RunStatus.TERMINATED
    )


@pytest.mark.usefixtures("deliveries")
async def test_somebody_is_told_that_a_node_of_a_child_run_waits_for_them(service: Service) -> None:
    child = (await service.http.post("/graphs", json=graph([APPROVAL], name="asks"))).json()
    document = graph([{"id": "sub", "type": "flow.graph", "params": {"graph": child["graph_id"]}}])
    async with receiving() as receiver:
        run_id = await service.start(document, webhook=to(receiver, "node.waiting", "run.succeeded"))
        [waiting] = await receiver.received(1)
        answered = await service.http.post(f"/runs/{run_id}.sub/nodes/ask/respond", json={"answer": True})
        assert answered.status_code == 200, answered.text
        assert (await service.ended(run_id))["status"] == "succeeded"
        assert await (await delivery_of(service, run_id)).result() == 204

        [_, ended] = receiver.requests
    data = said(waiting)["data"]
    assert (data["run_id"], data["status"], data["event"]["node"]) == (run_id, "running", "sub/ask")
    assert data["event"]["data"]["prompt"] == "May it?"
    assert (said(ended)["type"], said(ended)["data"]["run_id"]) == ("run.succeeded", run_id)


@pytest.mark.usefixtures("deliveries")
async def test_a_run_that_only_names_its_graph_tells_too(service: Service) -> None:
    stored = (await service.http.post("/graphs", json=graph([emit("a")], name="told"))).json()
    async with receiving() as receiver:
        for order in ({"graph_id": stored["graph_id"]}, {"graph_id": "g_unknown"}):
            await service.client.start_workflow(
                "GraphRun",
                {**order, "webhook": to(receiver)},
                id=f"named-{order['graph_id']}",
                task_queue=service.settings.task_queue,
            )
        requests = await receiver.received(2)

    assert {said(request)["type"] for request in requests} == {"run.succeeded", "run.failed"}
    assert (await service.get(f"named-{stored['graph_id']}"))["webhook"]["url"] == receiver.url


@pytest.mark.usefixtures("deliveries")
async def test_a_retry_tells_the_same_receiver(service: Service) -> None:
    document = graph([emit("a"), fail("b")], [edge("a", "b")])
    async with receiving() as receiver:
        first = await service.run(document, webhook=to(receiver, "run.failed"))
        retried = (await service.http.post(f"/runs/{first['run_id']}/retry")).json()["run_id"]
        second = await service.ended(retried)
        await receiver.received(2)

    assert second["webhook"] == first["webhook"] == {"url": receiver.url, "events": ["run.failed"]}
    assert {said(request)["data"]["run_id"] for request in receiver.requests} == {first["run_id"], retried}


@pytest.mark.usefixtures("deliveries")
async def test_the_runs_of_a_schedule_tell_the_receiver_of_the_schedule(service: Service) -> None:
    stored = (await service.http.post("/graphs", json={**graph([emit("a")]), "name": "told"})).json()
    async with receiving() as receiver:
        body = {"graph_name": "told", "cron": "0 0 1 1 *", "webhook": to(receiver)}
        schedule = (await service.http.post("/schedules", json=body)).json()["schedule_id"]
        try:
            shown = (await service.http.get(f"/schedules/{schedule}")).json()
            assert (await service.http.post(f"/schedules/{schedule}/trigger")).status_code == 202
            [request] = await receiver.received(1)
        finally:
            await service.http.delete(f"/schedules/{schedule}")

    assert (shown["webhook"]["url"], "run.failed" in shown["webhook"]["events"]) == (receiver.url, True)
    data = said(request)["data"]
    assert (data["graph_id"], data["status"]) == (stored["graph_id"], "succeeded")
    assert data["run_id"].startswith(f"r_{schedule}-")


@pytest.mark.parametrize(
    ("webhook", "pointer"),
    [
        ({}, "/webhook/url"),
        ({"url": "ftp://example.com"}, "/webhook/url"),
        ({"url": "example.com"}, "/webhook/url"),
        ({"url": "https://me:hush@example.com"}, "/webhook/url"),
        ({"url": "https://example.com/\nx"}, "/webhook/url"),
        ({"url": f"https://example.com/{'x' * 3000}"}, "/webhook/url"),
        ({"url": "https://example.com", "events": []}, "/webhook/events"),
        ({"url": "https://example.com", "events": ["node.log"]}, "/webhook/events/0"),
        ({"url": "https://example.com", "secret": "x"}, "/webhook/secret"),
    ],
)
async def test_a_webhook_that_cannot_be_is_a_problem_at_the_start(
    service: Service, webhook: Json, pointer: str
) -> None:
    answer = await service.http.post("/runs", json={"graph": graph([emit("a")]), "webhook": webhook})
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "request_invalid"
    assert pointer in [fault["pointer"] for fault in answer.json()["faults"]]
    assert "hush" not in answer.text


async def test_without_a_secret_a_webhook_is_refused_with_the_name_of_the_setting(
    service: Service, tmp_path: Path
) -> None:
    async with running_service(service.client, tmp_path, worker=False) as unsigned:
        body = {"graph": graph([emit("a")]), "webhook": {"url": "https://example.com"}}
        answer = await unsigned.http.post("/runs", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "webhooks_off")
        assert "WAND_WEBHOOK_SECRET" in answer.json()["detail"]
        scheduled = {"graph_name": "any", "every": 60, "webhook": {"url": "https://example.com"}}
        assert (await unsigned.http.post("/schedules", json=scheduled)).json()["code"] == "webhooks_off"
        assert (await unsigned.http.get("/runs")).json()["runs"] == []


async def _failure(handle: WorkflowHandle[Any, Any]) -> ApplicationError:
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    cause = failed.value.cause.__cause__
    assert isinstance(cause, ApplicationError)
    return cause
