"""The workflow GraphRun with real agents on the real server, without the API."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sample_agents import Diary
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.testing import WorkflowEnvironment

from tests.integration.graph_cases import echo, edge, emit, fail, flaky, graph, sleep
from tests.integration.graph_runs import Runs, by_node, ended, serve, state_of, state_when, worker
from tests.waiting import eventually
from wand_orchestrator.cli.processes.dev_server import embedded_temporal
from wand_orchestrator.contract.delivery import delivery_workflow_id
from wand_orchestrator.contract.queries import (
    EventPage,
)
from wand_orchestrator.contract.run import (
    RunInput,
)
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store


@pytest.fixture(scope="session")
async def runs(temporal_env: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runs]:
    async for runs in serve(temporal_env.client, tmp_path_factory.mktemp("runs")):
        yield runs


async def test_the_same_events_come_from_the_query_and_from_the_database(runs: Runs) -> None:
    handle = await runs.start(graph([emit("a", {"x": 1}), echo("b")], [edge("a", "b", x="x")]))
    await handle.result()
    page: EventPage = await handle.query("events", args=[0, 100], result_type=EventPage)
    assert page.ended
    assert await runs.archived(handle) == list(page.events)
    assert [event.type.value for event in page.events] == [
        "run.started",
        "node.scheduled",
        "node.succeeded",
        "node.scheduled",
        "node.succeeded",
        "run.succeeded",
    ]
    ending = page.events[2]
    assert ending.attempt == 1
    assert {"queued_ms", "duration_ms", "worker"} <= set(ending.data)
    assert page.events[-1].progress == 100


async def test_the_activity_is_named_for_operators(runs: Runs) -> None:
    handle = await runs.start(graph([emit("only", 1)]))
    await handle.result()
    node, archive = [
        event.activity_task_scheduled_event_attributes
        async for event in handle.fetch_history_events()
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    assert (node.activity_id, node.activity_type.name) == ("only", "test.emit")
    assert archive.activity_type.name == "wand.archive"


async def test_concurrency_is_never_exceeded_and_always_used(runs: Runs, tmp_path: Path) -> None:
    gate = tmp_path / "open"
    nodes = [
        {"id": f"n{i}", "type": "test.gate", "params": {"open": str(gate), "folder": str(tmp_path)}} for i in range(12)
    ]
    handle = await runs.start(graph(nodes, options={"concurrency": 4}))
    diary = Diary(tmp_path)
    await eventually(lambda: diary.count("start") == 4)
    assert sum(status == "scheduled" for status in by_node(await state_of(handle)).values()) == 4
    gate.touch()
    await handle.result()
    assert diary.most_at_once() == 4


async def test_cancel_reaches_every_agent_and_ends_only_after_them(runs: Runs, tmp_path: Path) -> None:
    nodes = [
        {"id": f"n{i}", "type": "test.sleep", "params": {"sec": 60, "cleanup_sec": 0.2, "folder": str(tmp_path)}}
        for i in range(3)
    ]
    handle = await runs.start(graph([*nodes, emit("never")], [edge(f"n{i}", "never") for i in range(3)]))
    diary = Diary(tmp_path)
    await eventually(lambda: diary.count("start") == 3)
    await handle.cancel()
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, CancelledError)
    assert diary.count("cancel") == 3
    events = await runs.archived(handle)
    assert [event.type.value for event in events][-4:] == ["node.cancelled"] * 3 + ["run.cancelled"]
    assert all(event.node != "never" for event in events)


async def test_cancel_before_the_first_task_still_has_its_events(temporal_client: Client, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, task_queue=f"q-{uuid.uuid4().hex}")
    store = Store.open(settings.effective_database_url)
    await store.migrate()
    runs = Runs(temporal_client, settings.task_queue, store)
    handle = await runs.start(graph([emit("a", 1)]))
    await handle.cancel()
    async with worker(temporal_client, settings, store):
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        types = [event.type.value for event in await runs.archived(handle)]
    await store.close()
    assert types[0] == "run.started"
    assert types[-1] == "run.cancelled"


async def test_a_failure_is_temporals_failure_with_the_code(runs: Runs) -> None:
    handle = await runs.start(graph([fail("a", code="no_luck")]))
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "no_luck"
    assert cause.details[0]["node"] == "a"


async def test_reports_become_events_before_the_nodes_ending(runs: Runs) -> None:
    node = {"id": "a", "type": "test.log", "params": {"lines": ["one", "two"], "percents": [50]}}
    handle = await runs.start(graph([node]))
    await handle.result()
    events = await runs.archived(handle)
    assert [(event.type.value, event.message) for event in events if event.type == "node.log"] == [
        ("node.log", "one"),
        ("node.log", "two"),
    ]
    [percent] = [event.progress for event in events if event.type == "node.progress"]
    assert percent == 50
    assert events[-2].type == "node.succeeded"


async def test_each_failed_attempt_is_an_event(runs: Runs) -> None:
    retry = {"initial_interval_sec": 0.01, "max_interval_sec": 0.01}
    handle = await runs.start(graph([flaky("a", 3, retries=2, retry=retry)]))
    await handle.result()
    events = await runs.archived(handle)
    retrying = [event for event in events if event.type == "node.retrying"]
    assert [event.attempt for event in retrying] == [1, 2]
    assert retrying[0].data["error"]["code"] == "flaky"


async def test_pause_holds_what_is_new_and_stops_the_clock(runs: Runs, tmp_path: Path) -> None:
    gate = tmp_path / "open"
    node = {"id": "a", "type": "test.gate", "params": {"open": str(gate), "value": 1}}
    handle = await runs.start(
        graph([node, echo("b")], [edge("a", "b", x="@")], options={"run_timeout_sec": 2}),
    )
    await state_when(handle, lambda state: by_node(state) == {"a": "scheduled"})
    await handle.signal("pause")
    await state_when(handle, lambda state: state.status == "paused")
    gate.touch()
    state = await state_when(handle, lambda state: by_node(state).get("a") == "succeeded")
    assert "b" not in state.nodes
    await asyncio.sleep(2.2)  # longer than the run's deadline, which stands still
    assert (await state_of(handle)).status == "paused"
    await handle.signal("resume")
    assert (await handle.result()).outputs == {"b": {"params": {}, "input": {"x": 1}}}


async def test_a_held_failure_is_tried_again(runs: Runs, tmp_path: Path) -> None:
    document = graph([fail("a"), emit("b", 2)], [edge("a", "b")], options={"on_failure": "pause"})
    handle = await runs.start(document)
    await state_when(handle, lambda state: state.status == "paused")
    await handle.execute_update("retry", "a")
    await state_when(handle, lambda state: state.status == "paused" and state.last_seq > 6)
    await handle.execute_update("skip", "a")
    assert (await handle.result()).skipped == ("b",)


async def test_a_refused_update_says_why_and_leaves_no_trace(runs: Runs, tmp_path: Path) -> None:
    handle = await runs.start(graph([sleep("a", 60)]))
    before = await state_when(handle, lambda state: "a" in state.nodes)
    with pytest.raises(Exception, match="Workflow update failed") as refused:
        await handle.execute_update("skip", "nobody")
    assert "no node nobody" in str(refused.value.__cause__)
    assert (await state_of(handle)).last_seq == before.last_seq
    await handle.cancel()
    await ended(handle)


async def test_a_skipped_node_in_flight_is_cancelled_first(runs: Runs, tmp_path: Path) -> None:
    node = {"id": "a", "type": "test.sleep", "params": {"sec": 60, "folder": str(tmp_path)}}
    handle = await runs.start(graph([node, emit("b", 1)]))
    await eventually(lambda: Diary(tmp_path).count("start") == 1)
    await handle.execute_update("skip", "a")
    result = await handle.result()
    assert (result.outputs, result.skipped) == ({"b": 1}, ("a",))
    assert Diary(tmp_path).count("cancel") == 1


async def test_a_document_that_is_no_graph_ends_the_workflow_and_says_why(runs: Runs) -> None:
    bad = graph([emit("a")], [edge("a", "nowhere")])
    handle = await runs.start(bad)
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert "nowhere" in str(failed.value.cause)


async def test_a_long_run_goes_on_in_a_new_history_without_a_gap(tmp_path: Path) -> None:
    """With the server's suggestion at 60 events instead of 4,096."""
    config = ["--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=60"]
    async with embedded_temporal(ui=False, extra_args=config) as environment:
        async for runs in serve(environment.client, tmp_path):
            nodes = [emit(f"n{i}", i) for i in range(300)]
            for node in nodes:
                node["params"]["padding"] = "x" * 1200
            webhook = {"url": "https://example.com", "events": ["run.started", "run.succeeded"]}
            handle = await runs.start(graph(nodes, options={"concurrency": 20}), webhook=webhook)
            result = await handle.result()
            assert result.outputs == {f"n{i}": i for i in range(300)}
            first = await environment.client.get_workflow_handle(
                handle.id, run_id=handle.first_execution_run_id
            ).describe()
            assert first.status is WorkflowExecutionStatus.CONTINUED_AS_NEW
            [kept] = (tmp_path / "payloads" / handle.id).iterdir()  # the graph, for all histories
            assert kept.stat().st_size > 360_000
            events = await runs.archived(handle)
            assert sum(event.type == "node.succeeded" for event in events) == 300
            assert events[-1].type == "run.succeeded"
            for seq in (1, len(events)):  # no worker takes them here
                delivery = environment.client.get_workflow_handle(delivery_workflow_id(handle.id, seq))
                assert (await delivery.describe()).status is WorkflowExecutionStatus.RUNNING


def test_the_input_of_a_run_survives_the_wire() -> None:
    run = RunInput.model_validate({"graph": graph([emit("a")], [edge("a", "a", x="y")])})
    assert RunInput.model_validate_json(run.model_dump_json(by_alias=True)) == run


async def test_a_retried_run_runs_only_what_had_not_succeeded(runs: Runs, tmp_path: Path) -> None:
    recorded = [{"id": f"n{i}", "type": "test.emit", "params": {"value": i, "folder": str(tmp_path)}} for i in range(9)]
    last = {"id": "last", "type": "test.flaky", "params": {"succeeds_at": 2}, "retries": 0}
    document = graph([*recorded, last, echo("end")], [*(edge(f"n{i}", "last") for i in range(9)), edge("last", "end")])
    first = await runs.start(document)
    assert (await ended(first)).status == "failed"
    document["nodes"][9]["params"]["succeeds_at"] = 1

    second = await runs.start(document, retry_of={"run_id": first.id})
    assert (await ended(second)).status == "succeeded"
    assert Diary(tmp_path).count("start") == 9

    third = await runs.start(document, retry_of={"run_id": second.id, "from": ["n3"]})
    assert (await ended(third)).status == "succeeded"
    assert Diary(tmp_path).count("start") == 10
    assert Diary(tmp_path).count("start", "n3") == 2


async def test_while_memory_is_short_few_agents_run_at_once_and_all_in_the_end(
    temporal_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async for runs in serve(temporal_env.client, tmp_path, max_memory_percent=0.01):
        diary = tmp_path / "diary"
        diary.mkdir()
        params = {"sec": 0.05, "folder": str(diary)}
        nodes = [{"id": f"n{i}", "type": "test.sleep", "params": params} for i in range(12)]
        await (await runs.start(graph(nodes))).result()
        assert Diary(diary).most_at_once() <= 4
        assert Diary(diary).count("end") == 12
