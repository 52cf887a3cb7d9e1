"""What a worker of somebody else's may send: whatever it is, the run ends, and its node tells why."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic_core import from_json
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from tests.integration.foreign_worker import Foreign, foreign_worker, raw
from tests.integration.graph_cases import echo, edge, emit, graph
from tests.integration.graph_runs import Runs, ended, serve
from tests.sandbox import replayer
from wand_orchestrator.contract.events import EventType


@pytest.fixture(scope="session")
async def runs(temporal_env: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runs]:
    async for runs in serve(temporal_env.client, tmp_path_factory.mktemp("foreign")):
        yield runs


@pytest.fixture(scope="session")
async def foreign(temporal_env: WorkflowEnvironment) -> AsyncIterator[Foreign]:
    async with foreign_worker(temporal_env.client) as worker:
        yield worker


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


async def failure_of(runs: Runs, foreign: Foreign) -> Any:
    """The error of a node that this worker ran; the run has ended by then, and its history replays."""
    handle = await runs.start(graph([foreign.node()]))
    state = await ended(handle)
    assert state.status == "failed"
    await replayer(runs.client.data_converter).replay_workflow(await handle.fetch_history())
    return state.nodes["a"].error


@pytest.mark.parametrize(
    "given",
    [
        None,
        "done",
        7,
        [1, 2],
        {},
        {"out": 1},
        {"output": 1, "attempt": "x"},
        {"output": 1, "duration_ms": 10**20},
        {"output": 1, "reports": [{"kind": "log"}]},
        {"output": nested(150)},
    ],
)
async def test_a_result_that_is_none_fails_its_node_as_invalid_output(runs: Runs, foreign: Foreign, given: Any) -> None:
    foreign.gives(given)
    assert (await failure_of(runs, foreign)).code == "invalid_output"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"{", "json/plain"),
        (b"[" * 250 + b"]" * 250, "json/plain"),
        (b"\xff\xfe", "json/plain"),
        (b"x", "binary/plain"),
        (b"x", "no/such"),
        (b"", "binary/null"),
        (b'{"output": "\\ud800"}', "json/plain"),
    ],
)
async def test_bytes_that_are_no_result_fail_the_node_as_invalid_output(
    runs: Runs, foreign: Foreign, data: bytes, encoding: str
) -> None:
    foreign.gives_bytes(data, encoding)
    assert (await failure_of(runs, foreign)).code == "invalid_output"


async def test_the_least_that_a_worker_may_give_is_its_output(runs: Runs, foreign: Foreign) -> None:
    foreign.gives({"output": {"x": 1}})
    handle = await runs.start(graph([foreign.node()]))
    assert (await handle.result()).outputs == {"a": {"x": 1}}


async def test_details_of_an_error_are_kept(runs: Runs, foreign: Foreign) -> None:
    foreign.raises(ApplicationError("out of paper", {"tray": 2}, type="printer"))
    error = await failure_of(runs, foreign)
    assert (error.code, error.message, error.details) == ("printer", "out of paper", {"tray": 2})


async def test_several_details_are_kept_as_a_list(runs: Runs, foreign: Foreign) -> None:
    foreign.raises(ApplicationError("out of paper", {"attempt": "first"}, 2, type="printer"))
    assert (await failure_of(runs, foreign)).details == [{"attempt": "first"}, 2]


async def test_details_that_cannot_be_read_are_told_as_such(runs: Runs, foreign: Foreign) -> None:
    foreign.raises(ApplicationError("out of paper", raw(b"{"), type="printer"))
    error = await failure_of(runs, foreign)
    assert (error.code, error.details) == ("printer", {"unreadable": "1 bytes"})


async def test_moments_with_an_offset_are_told_in_utc(runs: Runs, foreign: Foreign) -> None:
    report = {"kind": "retrying", "node": "a", "attempt": 1, "next_attempt_at": "2026-01-31T12:00:00+02:00"}
    foreign.gives({"output": 1, "reports": [report]})
    handle = await runs.start(graph([foreign.node()]))
    await handle.result()
    [retrying] = [event for event in await runs.archived(handle) if event.type is EventType.NODE_RETRYING]
    assert retrying.data["next_attempt_at"] == "2026-01-31T10:00:00.000Z"


async def test_reports_are_bounded_as_those_of_wands_own_workers_are(runs: Runs, foreign: Foreign) -> None:
    report = {"kind": "log", "node": "a", "attempt": 1, "message": "é" * 5000, "data": {"x": "y" * 20_000}}
    stranger = {"kind": "log", "node": "b", "attempt": 1, "message": "of a node that there is not"}
    foreign.gives({"output": 1, "reports": [report, stranger]})
    handle = await runs.start(graph([foreign.node()]))
    await handle.result()
    [log] = [event for event in await runs.archived(handle) if event.type is EventType.NODE_LOG]
    assert len(log.message.encode()) <= 4096
    assert log.message.endswith("[10000 bytes in all]")
    assert log.data.keys() == {"too_large"}
    with pytest.raises(WorkflowFailureError):
        await (await runs.start({"nodes": "x"})).result()


async def test_a_node_with_a_queue_gets_a_large_input_in_plain(runs: Runs, foreign: Foreign) -> None:
    """Its worker may have no payload store."""
    foreign.gives({"output": 1})
    foreign.calls.clear()
    big = {"id": "big", "type": "test.grow", "params": {"bytes": 1_500_000}}
    handle = await runs.start(graph([big, foreign.node()], [edge("big", "a", text="@")]))
    assert (await handle.result()).outputs == {"a": 1}
    assert len(from_json(foreign.calls[0].payload.data)["input"]["text"]) == 1_500_000


async def test_an_input_that_temporal_does_not_take_in_plain_fails_its_node(runs: Runs, foreign: Foreign) -> None:
    big = {"id": "big", "type": "test.grow", "params": {"bytes": 2_500_000}}
    handle = await runs.start(graph([big, foreign.node()], [edge("big", "a", text="@")]))
    error = (await ended(handle)).nodes["a"].error
    assert error is not None
    assert error.code == "input_too_large"


async def test_a_worker_without_the_agent_is_told_of_with_its_queue(runs: Runs, foreign: Foreign) -> None:
    node = {"id": "a", "type": "foreign.other", "queue": foreign.queue, "retries": 0}
    error = (await ended(await runs.start(graph([node])))).nodes["a"].error
    assert error is not None
    assert error.code == "agent_missing"
    assert foreign.queue in error.message
    assert "foreign.other" in error.message
    assert "available" not in error.message


async def test_a_worker_that_claims_its_shutdown_for_ever_fails_its_node(runs: Runs, foreign: Foreign) -> None:
    foreign.raises(ApplicationError("", type="worker_shutdown"))
    assert (await failure_of(runs, foreign)).code == "worker_shutdown"


@pytest.mark.parametrize("arguments", [[], ["text"], [{"graph": graph([emit("a")])}, {"state": 1}], [1, 2, 3]])
async def test_a_run_that_is_started_with_no_graph_fails_with_a_code(runs: Runs, arguments: list[Any]) -> None:
    handle = await runs.client.start_workflow(
        "GraphRun", args=arguments, id=f"r_{uuid.uuid4().hex}", task_queue=runs.task_queue
    )
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "graph_invalid"


@pytest.mark.parametrize(("expression", "code"), [("{y: @}", "invalid_input"), ("{y: {z: @}}", "expression_too_large")])
async def test_what_is_mapped_too_deep_fails_the_node_that_would_get_it(runs: Runs, expression: str, code: str) -> None:
    """Whether the value itself has too many levels, or the input that it is a part of."""
    handle = await runs.start(graph([emit("a", nested(99)), echo("b")], [edge("a", "b", x=expression)]))
    error = (await ended(handle)).nodes["b"].error
    assert error is not None
    assert error.code == code
