"""Events over SSE: every subscriber gets every event once and in order, whenever it comes and however slow it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from temporalio.client import Client

from tests.integration.graph_cases import edge, emit, graph, sleep
from tests.integration.service import Json, Service, build_service_worker, running_service
from tests.integration.subscriber import Subscriber
from tests.waiting import until
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.contract.queries import (
    EventPage,
)

SUBSCRIBERS = 1000
RECONNECTS = 50


def _chain(length: int, sec: float) -> Json:
    nodes = [sleep(f"n{i}", sec) for i in range(length)]
    return graph(nodes, [edge(f"n{i}", f"n{i + 1}") for i in range(length - 1)])


def _complete(events: list[Json]) -> bool:
    return [event["seq"] for event in events] == list(range(1, len(events) + 1)) and events[-1]["type"].startswith(
        ("run.succeeded", "run.cancelled", "run.failed")
    )


async def _all(service: Service, run_id: str, after: int | None = None) -> list[Json]:
    return [event async for event in service.stream(run_id, after)]


@pytest.fixture(scope="module")
async def distant(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """An API that hears no worker, as in production."""
    async with running_service(temporal_client, tmp_path_factory.mktemp("distant"), shared_feed=False) as running:
        yield running


async def test_a_stream_brings_what_the_logs_hold(service: Service) -> None:
    run_id = await service.start(_chain(5, 0.05))

    streamed = await _all(service, run_id)

    assert _complete(streamed)
    await service.ended(run_id)
    assert streamed == await service.events(run_id)
    assert streamed == await _all(service, run_id)


async def test_an_api_without_a_worker_beside_it_streams_as_well(distant: Service) -> None:
    run_id = await distant.start(_chain(5, 0.05))
    assert _complete(await _all(distant, run_id))


async def test_a_worker_beside_the_api_is_not_queried_for_events(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    events = Executions.events

    async def noting(executions: Executions, run_id: str, *args: Any, **options: Any) -> EventPage:
        asked.append(run_id)
        return await events(executions, run_id, *args, **options)

    monkeypatch.setattr(Executions, "events", noting)
    ask = {"id": "ask", "type": "flow.approval", "params": {"prompt": "?"}}
    run_id = await service.start(graph([emit("a", 1), sleep("b", 0.3), ask], [edge("a", "b"), edge("b", "ask")]))
    async for event in service.stream(run_id):
        if event["type"] == "node.waiting":
            break
    assert run_id not in asked

    await service.http.post(f"/runs/{run_id}/cancel")
    assert _complete(await _all(service, run_id))


async def test_a_stream_resumes_behind_the_last_event_received(service: Service) -> None:
    run_id = await service.start(_chain(6, 0.05))
    first: list[Json] = []
    async for event in service.stream(run_id):
        first.append(event)
        if len(first) == 4:
            break

    rest = await _all(service, run_id, after=4)

    assert _complete(first + rest)
    await service.ended(run_id)
    assert await _all(service, run_id, after=4) == rest


async def test_a_reconnect_after_the_last_event_is_told_to_stop(service: Service) -> None:
    run_id = await service.start(graph([emit("a")]))
    events = await _all(service, run_id)
    await service.ended(run_id)

    answer = await service.http.get(f"/runs/{run_id}/stream", headers={"Last-Event-ID": str(events[-1]["seq"])})

    assert answer.status_code == 204


async def test_a_subscriber_that_reconnects_fifty_times_has_every_event_once(service: Service) -> None:
    run_id = await service.start(_chain(60, 0.02))
    received: list[Json] = []
    for _ in range(RECONNECTS):
        async with aclosing(await Subscriber.open(service.url, run_id, len(received))) as subscriber:
            assert subscriber.status == 200
            async for event in subscriber.events():
                received.append(event)
                if len(received) % 2 == 0:
                    break
    assert len(received) == 2 * RECONNECTS
    received += await _all(service, run_id, len(received))

    assert _complete(received)
    assert received == await service.events(run_id)


async def _all_of_many(service: Service, run_id: str, subscribers: int) -> list[list[Json]]:
    """What each of them received, who came all at once."""

    async def follow() -> list[Json]:
        async with aclosing(await Subscriber.open(service.url, run_id)) as subscriber:
            assert subscriber.status == 200
            return [event async for event in subscriber.events()]

    return await asyncio.gather(*(follow() for _ in range(subscribers)))


async def test_a_thousand_subscribers_at_once_each_get_every_event_in_order(service: Service) -> None:
    run_id = await service.start(graph([sleep("wait", 2), *(emit(f"n{i}") for i in range(20))], []))

    received = await _all_of_many(service, run_id, SUBSCRIBERS)

    assert _complete(received[0])
    assert all(events == received[0] for events in received)


async def test_many_subscribers_at_once_are_served_away_from_the_worker_too(distant: Service) -> None:
    run_id = await distant.start(graph([sleep("wait", 1), *(emit(f"n{i}") for i in range(5))], []))

    received = await _all_of_many(distant, run_id, SUBSCRIBERS // 3)

    assert _complete(received[0])
    assert all(events == received[0] for events in received)


async def test_a_slow_subscriber_holds_nobody_up_and_loses_nothing(
    temporal_client: Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("slow")
    async with running_service(temporal_client, folder, sse_queue_size=10) as service:
        lines = {"lines": ["x" * 4000], "times": 50}
        chatty = [{"id": f"n{i}", "type": "test.log", "params": lines} for i in range(60)]
        run_id = await service.start(graph(chatty))
        async with aclosing(await Subscriber.open(service.url, run_id, buffer=4096)) as slow:
            quick = await _all(service, run_id)
            await service.ended(run_id)
            late = [event async for event in slow.events()]

        assert _complete(quick)
        assert len(quick) > 1500
        assert late == quick


async def test_a_stream_opened_before_the_worker_came_goes_on_when_it_comes(
    temporal_client: Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with running_service(temporal_client, tmp_path_factory.mktemp("early"), worker=False) as service:
        run_id = await service.start(graph([emit("a")]))
        streaming = asyncio.create_task(_all(service, run_id))
        run = await until(lambda: service.get(run_id), lambda run: bool(run["waiting_for"]))
        assert run["waiting_for"] == [f"no worker polls the task queue {service.settings.task_queue}"]

        async with build_service_worker(service):
            assert _complete(await streaming)


async def test_a_stream_of_an_unknown_run_is_a_problem(service: Service) -> None:
    answer = await service.http.get("/runs/r_nobody/stream")

    assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")


@pytest.mark.parametrize("given", ["-1", "x", "1.5", "²", "99999999999999999999"])
async def test_a_last_event_id_that_is_no_seq_is_refused(service: Service, given: str) -> None:
    answer = await service.http.get("/runs/r_any/stream", headers=[(b"Last-Event-ID", given.encode())])

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_event_id")
