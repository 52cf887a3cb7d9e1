"""An agent as an activity, on the real Temporal server."""

import asyncio
import sys
import threading
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import acme_count
import pytest
import sample_agents
from pydantic import BaseModel
from sample_agents import Diary
from temporalio import activity
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import PauseActivityRequest, UnpauseActivityRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError
from temporalio.exceptions import TimeoutError as ActivityTimeout
from temporalio.worker import Worker

from tests.integration.one_node import NODE, OneNode, Order
from tests.waiting import PATIENCE_SEC, eventually, until
from wand_orchestrator import Agent, AgentContext, Tool, agent, tool
from wand_orchestrator.activities.worker import build_worker
from wand_orchestrator.contract.node import (
    AgentResult,
    FailureDetails,
    Report,
)
from wand_orchestrator.errors import NotFound
from wand_orchestrator.files.artifacts import OpenArtifact
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.temporal.event_feed import EventFeed


class Page(BaseModel):
    body: str


@tool("http.fetch")
async def http_fetch(url: str) -> Page:
    """Stands for the real one, which is tried elsewhere: the body is the path with spaces for slashes."""
    return Page(body=url.partition("//")[2].replace("/", " "))


@agent("test.boom")
async def boom(params: dict[str, Any], ctx: AgentContext) -> None:
    try:
        raise ValueError("hidden cause: token=secret")
    except ValueError as error:
        ctx.log("about to fail")
        raise KeyError("the shown text") from error


@agent("test.wrong_output")
async def wrong_output() -> sample_agents.StrictOutput:
    return {"number": "many"}  # type: ignore[return-value]


@agent("test.not_json")
async def not_json() -> Any:
    return object()


@agent("test.exit")
def leave() -> None:
    sys.exit(3)


@agent("test.stop_iteration")
def stop_iteration() -> None:
    next(iter(()))


@agent("test.unmarked")
async def unmarked(ctx: AgentContext) -> Any:
    return ctx.tools["test.double"]


@agent("test.artifact")
async def artifact(ctx: AgentContext) -> str:
    url: str = await ctx.save_artifact("a.txt", "text", "text/plain")
    return url


@agent("test.artifact_sync")
def artifact_sync(ctx: AgentContext) -> Any:
    return ctx.save_artifact("b.txt", b"bytes", "text/plain")


@agent("test.identity")
async def identity(ctx: AgentContext) -> dict[str, Any]:
    return {"run": ctx.run_id, "node": ctx.node_id, "attempt": ctx.attempt, "key": ctx.idempotency_key}


@agent("test.stubborn")
async def stubborn(params: dict[str, Any], ctx: AgentContext) -> None:
    Path(params["started"]).touch()
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise ValueError("it fails while it is cancelled") from None


@agent("test.until_shutdown")
async def until_shutdown(params: dict[str, Any], ctx: AgentContext) -> str:
    with sample_agents.noted(params["folder"], ctx):
        await activity.wait_for_worker_shutdown()
    return "ended in time"


@agent("test.async_tool_in_thread", tools=["test.wait"])
def async_tool_in_thread(params: dict[str, Any], ctx: AgentContext) -> None:
    ctx.tools["test.wait"](**params)


@tool("test.wait")
async def wait_tool(folder: str, ctx: AgentContext) -> None:
    with sample_agents.noted(folder, ctx):
        await asyncio.Event().wait()


HERE: list[Agent | Tool] = [
    http_fetch,
    wait_tool,
    until_shutdown,
    wrong_output,
    not_json,
    boom,
    leave,
    stop_iteration,
    unmarked,
    artifact,
    artifact_sync,
    identity,
    stubborn,
    async_tool_in_thread,
]


@dataclass(frozen=True)
class Saved:
    url: str


class MemoryArtifacts:
    """Artifacts of a test, by run, node and name."""

    def __init__(self) -> None:
        self.saved: dict[tuple[str, str, str], tuple[bytes, str]] = {}

    async def save(self, run_id: str, node: str, name: str, data: bytes, media_type: str) -> Saved:
        self.saved[run_id, node, name] = (data, media_type)
        return Saved(f"/runs/{run_id}/artifacts/{node}/{name}")

    async def read(self, run_id: str, name: str, node: str | None = None) -> OpenArtifact:
        raise NotFound(f"no test reads {name}")


@dataclass
class House:
    """A client and what a worker of a test is built of."""

    client: Client
    queue: str
    settings: Settings
    artifacts: MemoryArtifacts
    registry: Registry

    def worker(self, *, feed: EventFeed | None = None, grace_sec: float = 5) -> Worker:
        return build_worker(
            self.client,
            self.settings.model_copy(update={"shutdown_grace_sec": grace_sec}),
            self.registry,
            artifacts=self.artifacts,
            task_queue=self.queue,
            workflows=[OneNode],
            feed=feed,
        )

    async def start(
        self, agent_name: str, call: dict[str, Any] | None = None, **limits: Any
    ) -> WorkflowHandle[OneNode, AgentResult]:
        order = Order(agent_name, call or {}, **limits)
        return await self.client.start_workflow(OneNode.run, order, id=f"r_{uuid.uuid4().hex}", task_queue=self.queue)

    async def run(self, agent_name: str, call: dict[str, Any] | None = None, **limits: Any) -> AgentResult:
        return await (await self.start(agent_name, call, **limits)).result()

    async def failure(self, agent_name: str, call: dict[str, Any] | None = None, **limits: Any) -> ApplicationError:
        return await failure_of(await self.start(agent_name, call, **limits))


async def failure_of(handle: WorkflowHandle[OneNode, AgentResult]) -> ApplicationError:
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    assert isinstance(caught.value.cause, ActivityError)
    assert isinstance(caught.value.cause.cause, ApplicationError)
    return caught.value.cause.cause


def details_of(error: ApplicationError) -> FailureDetails:
    return FailureDetails.model_validate(error.details[0])


async def reports(handle: WorkflowHandle[OneNode, AgentResult]) -> list[Report]:
    return [report for batch in await handle.query(OneNode.batches) for report in batch]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry.of(sample_agents, acme_count, *HERE)


def new_house(client: Client, registry: Registry) -> House:
    settings = Settings(_env_file=None, max_output_bytes=2048, max_concurrent_agents=20)
    return House(client, f"q_{uuid.uuid4().hex}", settings, MemoryArtifacts(), registry)


@pytest.fixture
def house(temporal_client: Client, registry: Registry) -> House:
    """With a queue of its own and no worker yet."""
    return new_house(temporal_client, registry)


@pytest.fixture(scope="session")
async def running(temporal_client: Client, registry: Registry) -> AsyncIterator[House]:
    """One with a worker, for all tests that leave it as it is."""
    house = new_house(temporal_client, registry)
    async with house.worker():
        yield house


async def test_an_agent_gets_its_arguments_and_gives_output_and_measures(running: House) -> None:
    result = await running.run("test.echo", {"params": {"a": 1}, "input": {"b": [2]}})
    assert result.output == {"params": {"a": 1}, "input": {"b": [2]}}
    assert result.attempt == 1
    assert result.worker is not None
    assert ":" in result.worker
    assert result.queued_ms is not None
    assert 0 <= result.queued_ms < 10_000
    assert result.duration_ms is not None
    assert result.duration_ms >= 0


async def test_the_agent_of_the_documentation_runs_as_written(running: House) -> None:
    result = await running.run("acme.count", {"params": {"url": "http://one/two/three"}})
    assert result.output == {"words": 3}
    assert [(report.kind, report.message, report.percent) for report in result.reports] == [
        ("log", "counting", None),
        ("progress", "", 50),
    ]
    error = await running.failure("acme.count", {"params": {"url": "http:"}}, attempts=3)
    assert (error.type, error.message, error.non_retryable) == ("empty_page", "the page is empty", True)


async def test_a_plain_function_runs_in_a_thread(running: House) -> None:
    result = await running.run("test.slow_sync", {"params": {"sec": 0.03}})
    assert result.output == {"slept": 0.03}
    assert result.duration_ms is not None
    assert result.duration_ms >= 30


@pytest.mark.parametrize("name", ["test.tools", "test.tools_sync"])
async def test_tools_of_both_kinds_are_called_from_both_kinds_of_agents(running: House, name: str) -> None:
    result = await running.run(name, {"params": {"number": "4"}})
    assert result.output == [8, 8]
    assert [report.message for report in result.reports] == ["doubling"]


@pytest.mark.parametrize(
    ("params", "message"),
    [({"number": "x"}, "test.double: number: Input should be a valid integer"), ({"n": 1}, "number: Missing required")],
)
@pytest.mark.parametrize("name", ["test.tools", "test.tools_sync"])
async def test_a_tool_called_with_what_it_does_not_take_is_not_tried_again(
    running: House, name: str, params: dict[str, Any], message: str
) -> None:
    error = await running.failure(name, {"params": params}, attempts=3)
    assert (error.type, error.non_retryable) == ("invalid_tool_call", True)
    assert message in error.message


async def test_a_tool_that_the_agent_did_not_ask_for_is_refused_with_advice(running: House) -> None:
    error = await running.failure("test.unmarked", attempts=3)
    assert error.type == "tool_not_asked_for"
    assert "'test.double'" in error.message
    assert '@agent("test.unmarked"' in error.message


@pytest.mark.parametrize(
    ("name", "call", "code", "field"),
    [
        ("test.sleep", {"params": {"sec": -1}}, "invalid_params", "params.sec"),
        ("test.sleep", {}, "invalid_params", "params.sec"),
        ("test.typed", {"input": {"number": "secret"}}, "invalid_input", "input.number"),
        ("test.typed", {"input": {}}, "invalid_input", "input.number"),
        ("test.tools", {"input": {"stray": 1}}, "invalid_input", "input.stray"),
        ("test.identity", {"params": {"stray": 1}}, "invalid_params", "params.stray"),
    ],
)
async def test_what_does_not_fit_the_schema_fails_without_a_retry_and_names_the_field(
    running: House, name: str, call: dict[str, Any], code: str, field: str
) -> None:
    error = await running.failure(name, call, attempts=3)
    assert (error.type, error.non_retryable, details_of(error).attempt) == (code, True, 1)
    assert error.message.startswith(f"{field}: ")
    assert "secret" not in str(error.details) + error.message
    assert error.cause is None


async def test_an_output_that_does_not_fit_fails_without_a_retry(running: House) -> None:
    error = await running.failure("test.wrong_output", attempts=3)
    assert (error.type, error.non_retryable) == ("invalid_output", True)
    assert error.message.startswith("output.number: ")


async def test_an_output_that_is_not_json_fails_without_a_retry(running: House) -> None:
    error = await running.failure("test.not_json", attempts=3)
    assert (error.type, error.non_retryable) == ("invalid_output", True)


async def test_an_output_too_large_fails_without_a_retry_and_tells_both_sizes(running: House) -> None:
    error = await running.failure("test.emit", {"params": {"value": "x" * 2047}}, attempts=3)
    assert (error.type, error.non_retryable) == ("output_too_large", True)
    assert "2049 bytes" in error.message
    assert "2048" in error.message
    assert (await running.run("test.emit", {"params": {"value": "x" * 2046}})).output == "x" * 2046


async def test_an_agents_error_keeps_code_message_and_details(running: House) -> None:
    params = {"code": "empty_page", "message": "the page is empty", "details": {"url": "u"}}
    error = await running.failure("test.fail", {"params": params}, attempts=3)
    assert (error.type, error.message, error.non_retryable) == ("empty_page", "the page is empty", True)
    assert details_of(error).details == {"url": "u"}
    assert details_of(error).worker is not None


async def test_any_other_exception_is_tried_again_and_told_with_its_cause_and_lines(running: House) -> None:
    handle = await running.start("test.boom", attempts=2)
    error = await failure_of(handle)
    assert (error.type, error.message, error.non_retryable) == ("KeyError", "'the shown text'", False)
    details = details_of(error)
    assert details.attempt == 2
    assert [report.message for report in details.reports] == ["about to fail"]
    assert details.exception is not None
    assert details.exception.type == "KeyError"
    frame = details.exception.frames[-1]
    assert (frame.file.rpartition("/")[2], frame.function) == ("test_runner.py", "boom")
    (cause,) = details.exception.causes
    assert (cause.type, cause.message) == ("ValueError", "hidden cause: token=***")
    history = (await handle.fetch_history()).to_json()
    assert "token=secret" not in history
    assert "in boom" in history
    (retrying,) = [report for report in await reports(handle) if report.kind == "retrying"]
    assert retrying.message == "n is tried again: KeyError: 'the shown text'"
    assert retrying.error is not None
    assert (retrying.error.worker, retrying.error.exception) == (details.worker, details.exception)


async def test_a_failed_attempt_is_reported_before_the_next_one(running: House) -> None:
    handle = await running.start("test.flaky", {"params": {"succeeds_at": 3}}, attempts=3, backoff_sec=0.05)
    result = await handle.result()
    assert result.output["attempt"] == 3
    told = await reports(handle)
    assert [(report.kind, report.attempt) for report in told] == [("retrying", 1), ("retrying", 2)]
    assert told[0].error is not None
    assert (told[0].error.code, told[0].error.message, told[0].error.node) == ("flaky", "attempt 1 fails", "n")
    assert told[0].next_attempt_at is not None


async def test_the_last_failure_is_not_reported_as_retried(running: House) -> None:
    handle = await running.start("test.flaky", {"params": {"succeeds_at": 9}}, attempts=2)
    error = await failure_of(handle)
    assert error.message == "attempt 2 fails"
    assert [report.attempt for report in await reports(handle)] == [1]


async def test_a_code_that_the_node_does_not_retry_is_final(running: House) -> None:
    handle = await running.start("test.flaky", {"params": {"succeeds_at": 2}}, attempts=3, non_retryable=["flaky"])
    assert (await failure_of(handle)).message == "attempt 1 fails"
    assert await reports(handle) == []


async def test_an_agent_says_how_long_to_wait_for_its_next_attempt(running: House) -> None:
    params = {"succeeds_at": 2, "retry_after": 0.05}
    before = datetime.now(UTC)
    handle = await running.start("test.flaky", {"params": params}, attempts=2600)
    assert (await handle.result()).attempt == 2
    [told] = await reports(handle)
    assert told.next_attempt_at is not None
    assert told.next_attempt_at - before < timedelta(seconds=PATIENCE_SEC)


async def test_a_context_tells_where_it_is(running: House) -> None:
    handle = await running.start("test.identity", {"idempotency_key": "k"})
    assert (await handle.result()).output == {"run": handle.id, "node": "n", "attempt": 1, "key": "k"}


async def test_the_idempotency_key_is_the_same_for_all_attempts(running: House) -> None:
    handle = await running.start("test.flaky", {"params": {"succeeds_at": 2}}, attempts=2)
    assert (await handle.result()).output == {"attempt": 2, "key": f"{handle.id}/n"}


@pytest.mark.parametrize(
    ("name", "file", "saved"),
    [("test.artifact", "a.txt", b"text"), ("test.artifact_sync", "b.txt", b"bytes")],
)
async def test_an_artifact_is_saved_with_its_run(running: House, name: str, file: str, saved: bytes) -> None:
    handle = await running.start(name)
    assert (await handle.result()).output == f"/runs/{handle.id}/artifacts/n/{file}"
    assert running.artifacts.saved[handle.id, "n", file] == (saved, "text/plain")


@pytest.mark.parametrize(("name", "code"), [("test.exit", "RuntimeError"), ("test.stop_iteration", "RuntimeError")])
async def test_an_agent_cannot_end_its_worker(running: House, name: str, code: str) -> None:
    assert (await running.failure(name)).type == code
    assert (await running.run("test.emit", {"params": {"value": 1}})).output == 1


async def test_what_a_short_agent_reports_rides_along_and_costs_no_signal(running: House) -> None:
    handle = await running.start("test.log", {"params": {"lines": ["a", "b"], "percents": [10, 250.5]}})
    result = await handle.result()
    assert [(report.kind, report.message, report.percent) for report in result.reports] == [
        ("log", "a", None),
        ("log", "b", None),
        ("progress", "", 100),
    ]
    assert result.reports[0].data == {"length": 1}
    assert await handle.query(OneNode.batches) == []


async def test_what_a_long_agent_reports_is_signalled_meanwhile(running: House, tmp_path: Path) -> None:
    hold = tmp_path / "go"
    handle = await running.start("test.log", {"params": {"lines": ["a", "b"], "percents": [10, 50], "hold": str(hold)}})
    told = await until(lambda: reports(handle), bool)
    assert [(report.kind, report.percent) for report in told] == [("log", None), ("log", None), ("progress", 50)]
    hold.touch()
    assert (await handle.result()).reports == ()


async def cancel_and_time(handle: WorkflowHandle[OneNode, AgentResult], diary: Diary) -> float:
    """Seconds from the cancel until the agent saw it."""
    began = time.monotonic()
    await handle.cancel()
    await eventually(lambda: diary.count("cancel") > 0)
    return time.monotonic() - began


async def assert_cancelled(handle: WorkflowHandle[OneNode, AgentResult]) -> None:
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    cause = caught.value.cause
    assert isinstance(cause.cause if isinstance(cause, ActivityError) else cause, CancelledError)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("test.sleep", {"sec": 600}),
        ("test.slow_sync", {"sec": 600}),
        ("test.slow_sync", {"sec": 600, "look": "cancelled"}),
        ("test.async_tool_in_thread", {}),
    ],
)
async def test_a_cancel_reaches_the_agent_within_a_second(
    running: House, tmp_path: Path, name: str, params: dict[str, Any]
) -> None:
    diary = Diary(tmp_path)
    handle = await running.start(name, {"params": params | {"folder": str(tmp_path)}})
    await eventually(lambda: diary.count("start") == 1)
    took = await cancel_and_time(handle, diary)
    await assert_cancelled(handle)
    assert took < 1
    assert diary.count("end") == 0


async def test_a_cancel_is_acknowledged_only_after_the_agent_has_ended(running: House, tmp_path: Path) -> None:
    diary = Diary(tmp_path)
    params = {"sec": 600, "cleanup_sec": 0.5, "folder": str(tmp_path)}
    handle = await running.start("test.sleep", {"params": params})
    await eventually(lambda: diary.count("start") == 1)
    await handle.cancel()
    await assert_cancelled(handle)
    assert diary.count("cancel") == 1


async def test_an_agent_that_fails_while_cancelled_is_cancelled(
    running: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    started = tmp_path / "started"
    handle = await running.start("test.stubborn", {"params": {"started": str(started)}})
    await eventually(started.exists)
    await handle.cancel()
    await assert_cancelled(handle)
    assert "failed while it was stopped" in caplog.text
    assert "it fails while it is cancelled" in caplog.text


async def test_what_a_cancelled_agent_reported_is_not_lost(running: House, tmp_path: Path) -> None:
    diary = Diary(tmp_path)
    params = {"lines": ["last words"], "hold": str(tmp_path / "never"), "folder": str(tmp_path)}
    handle = await running.start("test.log", {"params": params})
    await eventually(lambda: diary.count("start") == 1)
    await handle.cancel()
    await assert_cancelled(handle)
    assert [report.message for report in await reports(handle)] == ["last words"]


async def test_an_attempt_that_takes_too_long_is_stopped_and_reported(running: House, tmp_path: Path) -> None:
    diary = Diary(tmp_path)
    params = {"sec": 600, "folder": str(tmp_path)}
    handle = await running.start("test.sleep", {"params": params}, timeout_sec=0.5, attempts=2)
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    assert isinstance(caught.value.cause, ActivityError)
    assert isinstance(caught.value.cause.cause, ActivityTimeout)
    await eventually(lambda: diary.count("cancel") == 2)
    [told] = await reports(handle)
    assert (told.kind, told.attempt) == ("retrying", 1)
    assert told.error is not None
    assert told.error.code == "timeout"


async def test_a_worker_that_stops_gives_its_nodes_back(house: House, tmp_path: Path) -> None:
    diary = Diary(tmp_path)
    params = {"open": str(tmp_path / "open"), "folder": str(tmp_path), "value": 7}
    async with house.worker(grace_sec=0.1):
        handle = await house.start("test.gate", {"params": params}, attempts=2)
        await eventually(lambda: diary.count("start") == 1)
    assert diary.count("cancel") == 1
    (tmp_path / "open").touch()
    async with house.worker():
        result = await handle.result()
        [told] = await reports(handle)
    assert (result.output, result.attempt) == (7, 2)
    assert (told.kind, told.attempt) == ("retrying", 1)
    assert told.error is not None
    assert told.error.code == "worker_shutdown"


async def test_a_worker_that_stops_lets_its_nodes_end_within_the_grace(house: House, tmp_path: Path) -> None:
    diary = Diary(tmp_path)
    async with house.worker(grace_sec=PATIENCE_SEC):
        handle = await house.start("test.until_shutdown", {"params": {"folder": str(tmp_path)}})
        await eventually(lambda: diary.count("start") == 1)
    assert diary.entries() == [("start", NODE, 1), ("end", NODE, 1)]
    async with house.worker():
        assert (await handle.result()).output == "ended in time"


async def test_agents_run_at_once_up_to_the_workers_limit(house: House, tmp_path: Path) -> None:
    house.settings = house.settings.model_copy(update={"max_concurrent_agents": 3})
    diary = Diary(tmp_path)
    params = {"sec": 0.1, "folder": str(tmp_path)}
    async with house.worker():
        handles = [await house.start("test.slow_sync", {"params": params}) for _ in range(8)]
        await asyncio.gather(*(handle.result() for handle in handles))
    assert diary.most_at_once() == 3
    assert diary.count("end") == 8


async def test_a_worker_ends_its_threads(house: House) -> None:
    def agent_threads() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name.startswith("agent")}

    before = agent_threads()
    async with house.worker():
        await house.run("test.slow_sync", {"params": {"sec": 0}})
        assert agent_threads() > before
    assert agent_threads() <= before


async def test_a_paused_node_stops_and_goes_on_when_it_is_unpaused(running: House, tmp_path: Path) -> None:
    diary = Diary(tmp_path)
    params = {"open": str(tmp_path / "open"), "folder": str(tmp_path), "value": 7}
    handle = await running.start("test.gate", {"params": params})
    await eventually(lambda: diary.count("start") == 1)
    service, where = running.client.workflow_service, WorkflowExecution(workflow_id=handle.id)
    namespace = running.client.namespace
    await service.pause_activity(PauseActivityRequest(namespace=namespace, execution=where, id=NODE))
    [told] = await until(lambda: reports(handle), bool)
    assert told.error is not None
    assert (told.kind, told.error.code) == ("retrying", "paused")
    assert diary.count("cancel") == 1
    (tmp_path / "open").touch()
    await service.unpause_activity(UnpauseActivityRequest(namespace=namespace, execution=where, id=NODE))
    result = await handle.result()
    assert (result.output, diary.count("end")) == (7, 1)


async def test_a_terminated_run_ends_its_agents(running: House, tmp_path: Path) -> None:
    diary = Diary(tmp_path)
    handle = await running.start("test.sleep", {"params": {"sec": 600, "folder": str(tmp_path)}})
    await eventually(lambda: diary.count("start") == 1)
    await handle.terminate()
    await eventually(lambda: diary.count("cancel") == 1)
