"""Every run ends, whatever steers it and whenever: hypothesis chooses what is done, in which order, and when.

`make fuzz-steer` tries many more examples.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.client import Client

from tests.integration.graph_cases import echo, edge, emit, fail, graph
from tests.integration.service import ENDED, Json, Service, build_service_worker, running_service
from tests.waiting import until
from wand_orchestrator.contract.run import (
    RunResult,
)

EXAMPLES = int(os.environ.get("WAND_FUZZ_EXAMPLES", "12"))
LONGEST_SEC = 60.0

TARGETS: dict[str, Json] = {
    "regular": {"agent": "test.emit", "params": {"value": {"n": 1}}},
    "local": {"agent": "agent.transform", "params": {"expression": "@"}},
    "graph": {"graph": "part"},
}
PART = graph([emit("in", {"n": 1})]) | {"name": "part"}


def _control(kind: str, target: str) -> Json:
    match kind:
        case "flow.repeat":
            params = TARGETS[target] | {"until": "`false`", "max_times": 1000}
            return {"id": "c", "type": kind, "params": params}
        case "flow.map":
            return {"id": "c", "type": kind, "params": TARGETS[target] | {"concurrency": 3}}
        case "flow.graph":
            return {"id": "c", "type": kind, "params": {"graph": "waits"}}
        case "flow.wait":
            return {"id": "c", "type": kind, "params": {"seconds": 3600}}
        case _:
            return {"id": "c", "type": kind, "params": {}}


WAITS = graph([{"id": "in", "type": "flow.wait", "params": {"seconds": 3600}}]) | {"name": "waits"}

KINDS = st.one_of(
    st.tuples(st.sampled_from(["flow.repeat", "flow.map"]), st.sampled_from(sorted(TARGETS))),
    st.tuples(st.sampled_from(["flow.graph", "flow.wait", "flow.approval"]), st.just("")),
)
STOPS = st.sampled_from(["cancel", "skip", "timeout", "failure"])
MOMENTS = st.integers(min_value=1, max_value=25)

Example = Callable[..., Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
async def worker_less(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    folder = tmp_path_factory.mktemp("orders")
    async with running_service(temporal_client, folder, worker=False) as service:
        for part in (PART, WAITS):
            answer = await service.http.post("/graphs", json=part)
            assert answer.status_code == 201, answer.text
        yield service


async def _each(example: Example, *strategies: st.SearchStrategy[Any]) -> None:
    """Hypothesis is synchronous: it runs in a thread, and each of its examples in this loop."""
    loop = asyncio.get_running_loop()

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), print_blob=True, database=None)
    @given(st.tuples(*strategies))
    def tried(chosen: tuple[Any, ...]) -> None:
        asyncio.run_coroutine_threadsafe(example(*chosen), loop).result()

    await asyncio.to_thread(tried)


async def test_every_stop_ends_every_control_node_at_every_moment(worker_less: Service) -> None:
    service = worker_less

    async def example(kind_and_target: tuple[str, str], stop: str, moment: int) -> None:
        kind, target = kind_and_target
        run_id = await service.start(_stopped(kind, target, stop))
        await until(lambda: _progressed(service, run_id), lambda seq: seq is None or seq >= min(moment, _most(kind)))
        expected = {"cancel": "cancelled", "skip": "succeeded", "timeout": "timed_out", "failure": "failed"}[stop]
        match stop:
            case "cancel":
                await _done(service, f"/runs/{run_id}/cancel")
            case "skip":
                await _done(service, f"/runs/{run_id}/nodes/c/skip")
            case "failure":
                await _done(service, f"/runs/{run_id}/nodes/gate/respond", json={"answer": 1})
        run = await until(lambda: service.get(run_id), lambda run: run["status"] in ENDED, LONGEST_SEC)
        assert run["status"] == expected
        assert run["nodes"]["c"]["status"] == ("skipped" if stop == "skip" else "cancelled")
        await _agrees(service, run)

    async with build_service_worker(service):
        await _each(example, KINDS, STOPS, MOMENTS)


async def _done(service: Service, path: str, **body: Any) -> None:
    """Asked until somebody answers it: on a busy machine a call may be answered with 503 and yet have its effect, and
    then nothing is left to do for the next one."""
    asked = 0

    async def answer() -> httpx.Response:
        nonlocal asked
        asked += 1
        return await service.http.post(path, **body)

    answered = await until(answer, lambda answer: answer.status_code != 503)
    assert answered.is_success or (asked > 1 and answered.status_code == 409), answered.text


def _stopped(kind: str, target: str, stop: str) -> Json:
    nodes = [_control(kind, target)]
    edges = []
    options: Json = {"run_timeout_sec": 1} if stop == "timeout" else {}
    if kind == "flow.map":
        nodes.append(emit("items", list(range(1000))))
        edges.append(edge("items", "c", items="@"))
    if stop == "failure":
        nodes += [{"id": "gate", "type": "flow.approval"}, fail("bad")]
        edges.append(edge("gate", "bad"))
    return graph(nodes, edges, options=options)


def _most(kind: str) -> int:
    """Events that such a run has at least, before it is stopped."""
    return 25 if kind in ("flow.repeat", "flow.map") else 3


async def _progressed(service: Service, run_id: str) -> int | None:
    """The run's last event so far; None once it has ended."""
    answer = await service.http.get(f"/runs/{run_id}/logs", params={"limit": 500})
    if answer.status_code != 200:
        return 0
    events = answer.json()["events"]
    if events and events[-1]["type"].removeprefix("run.") in ENDED:
        return None
    return int(events[-1]["seq"]) if events else 0


async def _agrees(service: Service, run: Json) -> None:
    """The journal, the database and Temporal tell the same end as `GET /runs/{id}` does."""
    run_id, status = run["run_id"], run["status"]
    events = [event async for event in service.stream(run_id)]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["type"] == f"run.{status}"
    row = await service.store.runs.get(run_id)
    assert row is not None
    assert row.status.value == status
    native = {"succeeded": "COMPLETED", "cancelled": "CANCELED"}.get(status, "FAILED")
    handle = service.client.get_workflow_handle(run_id, result_type=RunResult)
    await until(lambda: _native(handle), lambda told: told == native)


async def _native(handle: Any) -> str:
    return str((await handle.describe()).status.name)


OPERATIONS = st.lists(
    st.sampled_from(["pause", "resume", "cancel", "skip", "retry", "respond", "worker", "no worker", "read"]),
    min_size=1,
    max_size=7,
)


def _steered(held: bool) -> Json:
    nodes: list[Json] = [
        {"id": "ask", "type": "flow.approval"},
        {"id": "rounds", "type": "flow.repeat", "params": TARGETS["regular"] | {"until": "`false`", "max_times": 4}},
        {"id": "bad", "type": "test.fail", "params": {"code": "bad"}, "retries": 0, "optional": not held},
        echo("end"),
    ]
    options = {"on_failure": "pause"} if held else {}
    return graph(nodes, [edge("ask", "end"), edge("rounds", "bad")], options=options)


async def test_every_order_of_steering_comes_to_its_end(worker_less: Service, tmp_path: Path) -> None:
    service = worker_less

    async def example(held: bool, named: bool, operations: list[str]) -> None:
        async with AsyncExitStack() as stack:
            crew = _Crew(service, stack)
            run_id = await _start(service, _steered(held), named)
            sent: list[asyncio.Task[httpx.Response]] = []
            for operation in operations:
                await crew.do(operation, run_id, sent)
            cancelled = await service.http.post(f"/runs/{run_id}/cancel")
            assert cancelled.status_code in (202, 404), cancelled.text
            await crew.come()
            run = await until(lambda: service.get(run_id), lambda run: run["status"] in ENDED, LONGEST_SEC)
            answers = await asyncio.gather(*sent)
            assert {answer.status_code for answer in answers} <= {200, 202, 404, 409, 422, 503}
            assert run["status"] in ("cancelled", "succeeded")
            await _agrees(service, run)

    await _each(example, st.booleans(), st.booleans(), OPERATIONS)


async def _start(service: Service, document: Json, named: bool) -> str:
    """`named`: as a schedule starts it, which gives the graph's name only."""
    if not named:
        return await service.start(document)
    answer = await service.http.post("/graphs", json=document | {"name": "steered"})
    assert answer.status_code in (200, 201), answer.text
    run_id = f"named-{answer.json()['graph_id']}-{os.urandom(4).hex()}"
    await service.client.start_workflow(
        "GraphRun",
        args=[{"graph_id": answer.json()["graph_id"]}, None],
        id=run_id,
        task_queue=service.settings.task_queue,
    )
    return run_id


class _Crew:
    """The worker, which comes and goes; and the calls of those who steer meanwhile."""

    def __init__(self, service: Service, stack: AsyncExitStack) -> None:
        self._service = service
        self._stack = stack
        self._leave: Callable[[], Awaitable[None]] | None = None

    async def come(self) -> None:
        if self._leave is None:
            here = AsyncExitStack()
            await here.enter_async_context(build_service_worker(self._service))
            self._leave = here.aclose
            self._stack.push_async_callback(self.go)

    async def go(self) -> None:
        if self._leave is not None:
            leave, self._leave = self._leave, None
            await leave()

    async def do(self, operation: str, run_id: str, sent: "list[asyncio.Task[httpx.Response]]") -> None:
        http = self._service.http
        match operation:
            case "worker":
                await self.come()
            case "no worker":
                await self.go()
            case "read":
                await http.get(f"/runs/{run_id}")
            case "pause" | "resume" | "cancel":
                await http.post(f"/runs/{run_id}/{operation}")
            case "respond":
                call = http.post(f"/runs/{run_id}/nodes/ask/respond", json={"answer": 1})
                sent.append(asyncio.ensure_future(call))
            case _:
                node = "bad" if operation == "retry" else "ask"
                sent.append(asyncio.ensure_future(http.post(f"/runs/{run_id}/nodes/{node}/{operation}")))
