"""Runs that go on in new histories while something long is in flight, with the server's suggestion at 60 events."""

import itertools
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sample_agents import Diary
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from tests.histories.record import SUGGEST_NEW_HISTORY
from tests.integration.graph_cases import edge, emit, fail, gate, graph
from tests.integration.graph_runs import Handle, Runs, by_node, ended, serve, state_of, state_when, worker
from tests.integration.service import Json
from tests.waiting import eventually
from wand_orchestrator.cli.processes.dev_server import embedded_temporal
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.temporal.connection import keeping_payloads

SHORT = 50
"""Nodes that give some 200 events: several histories."""


@pytest.fixture(scope="module")
async def short_histories() -> AsyncIterator[WorkflowEnvironment]:
    extra_args = ("--dynamic-config-value", SUGGEST_NEW_HISTORY)
    async with embedded_temporal(ui=False, extra_args=extra_args) as environment:
        yield environment


@pytest.fixture
async def runs(short_histories: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[Runs]:
    async for runs in serve(short_histories.client, tmp_path / "data"):
        yield runs


def diary(tmp_path: Path) -> Path:
    folder = tmp_path / "diary"
    folder.mkdir(exist_ok=True)
    return folder


def beside_many(*long: Json, edges: list[Json] | None = None) -> Json:
    """These nodes beside a chain of short ones, whose end is the node `last`."""
    nodes = [emit(f"n{i}", i) for i in range(SHORT)] + [emit("last")]
    ids = [node["id"] for node in nodes]
    chain = [edge(a, b) for a, b in itertools.pairwise(ids)]
    return graph([*long, *nodes], [*(edges or []), *chain])


async def short_ones_end(handle: Handle) -> None:
    await state_when(handle, lambda state: by_node(state).get("last") == "succeeded")


async def histories(runs: Runs, handle: Handle) -> int:
    """Of the run so far."""
    count, execution = 1, handle.first_execution_run_id
    while True:
        described = await runs.client.get_workflow_handle(handle.id, run_id=execution).describe()
        if described.status is not WorkflowExecutionStatus.CONTINUED_AS_NEW:
            return count
        events = runs.client.get_workflow_handle(handle.id, run_id=execution).fetch_history_events()
        async for event in events:
            if event.HasField("workflow_execution_continued_as_new_event_attributes"):
                execution = event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        count += 1


async def test_a_long_agent_neither_stops_the_others_nor_runs_twice(runs: Runs, tmp_path: Path) -> None:
    folder = diary(tmp_path)
    long = gate("long", tmp_path / "open")
    long["params"] |= {"folder": str(folder), "value": 7}
    handle = await runs.start(beside_many(long))
    await short_ones_end(handle)
    assert await histories(runs, handle) > 2
    assert by_node(await state_of(handle))["long"] == "scheduled"
    (tmp_path / "open").touch()
    result = await handle.result()
    assert result.outputs["long"] == 7
    assert Diary(folder).entries() == [("start", "long", 1), ("end", "long", 1)]
    events = await runs.archived(handle)
    assert [event.type for event in events if event.node == "long"] == ["node.scheduled", "node.succeeded"]
    assert sum(event.type == "node.succeeded" for event in events) == SHORT + 2


async def test_an_agent_that_was_carried_on_is_cancelled_with_its_run(runs: Runs, tmp_path: Path) -> None:
    folder = diary(tmp_path)
    long = {"id": "long", "type": "test.sleep", "params": {"sec": 600, "folder": str(folder)}}
    handle = await runs.start(beside_many(long))
    await short_ones_end(handle)
    await handle.cancel()
    state = await ended(handle)
    assert state.status == "cancelled"
    assert by_node(state)["long"] == "cancelled"
    assert Diary(folder).entries() == [("start", "long", 1), ("cancel", "long", 1)]


async def test_an_agent_that_was_carried_on_is_skipped(runs: Runs, tmp_path: Path) -> None:
    folder = diary(tmp_path)
    long = {"id": "long", "type": "test.sleep", "params": {"sec": 600, "folder": str(folder)}}
    handle = await runs.start(beside_many(long))
    await short_ones_end(handle)
    await handle.execute_update("skip", "long")
    result = await handle.result()
    assert result.skipped == ("long",)
    assert Diary(folder).entries() == [("start", "long", 1), ("cancel", "long", 1)]


async def test_an_agent_of_a_run_that_was_terminated_stops(runs: Runs, tmp_path: Path) -> None:
    folder = diary(tmp_path)
    long = {"id": "long", "type": "test.sleep", "params": {"sec": 600, "folder": str(folder)}}
    handle = await runs.start(beside_many(long))
    await short_ones_end(handle)
    await runs.client.get_workflow_handle(handle.id).terminate()
    await eventually(lambda: Diary(folder).count("cancel") == 1)


async def test_items_of_a_map_and_rounds_of_a_repeat_go_on_in_the_next_history(runs: Runs, tmp_path: Path) -> None:
    folder = diary(tmp_path)
    params = {"open": str(tmp_path / "open"), "folder": str(folder), "value": 1}
    nodes = [
        emit("items", [1, 2, 3, 4]),
        {"id": "each", "type": "flow.map", "params": {"agent": "test.gate", "concurrency": 3, "params": params}},
        {
            "id": "rounds",
            "type": "flow.repeat",
            "params": {"agent": "test.gate", "until": "@ == `1`", "max_times": 2, "params": params},
        },
        {"id": "ask", "type": "flow.approval", "params": {"prompt": "?"}},
    ]
    handle = await runs.start(beside_many(*nodes, edges=[edge("items", "each", items="@")]))
    await short_ones_end(handle)
    assert await histories(runs, handle) > 2
    (tmp_path / "open").touch()
    await handle.execute_update("respond", {"node": "ask", "answer": "yes"})
    result = await handle.result()
    assert result.outputs["each"] == {"outputs": [1, 1, 1, 1], "failed": [], "errors": []}
    assert result.outputs["rounds"] == {"output": 1, "times": 1, "satisfied": True}
    for part in ("each[0]", "each[1]", "each[2]", "each[3]", "rounds[0]"):
        assert Diary(folder).count("start", part) == 1
    events = await runs.archived(handle)
    assert [event.type for event in events if event.node == "each[0]"] == ["node.scheduled", "node.succeeded"]


async def test_an_agent_with_a_large_input_goes_on_in_the_next_history(runs: Runs, tmp_path: Path) -> None:
    """Larger than Temporal takes: it is kept elsewhere, also for the queue of the worker that has the attempt."""
    grow = {"id": "grow", "type": "test.grow", "params": {"bytes": 3_000_000}}
    handle = await runs.start(beside_many(grow, gate("long", tmp_path / "open"), edges=[edge("grow", "long", x="@")]))
    await short_ones_end(handle)
    assert await histories(runs, handle) > 2
    (tmp_path / "open").touch()
    await handle.result()
    assert by_node(await state_of(handle))["long"] == "succeeded"


async def test_attempts_are_counted_through_all_histories(runs: Runs, tmp_path: Path) -> None:
    """The first attempt is carried on and fails; the second one succeeds."""
    folder = diary(tmp_path)
    long = {
        "id": "long",
        "type": "test.sleep",
        "params": {"sec": 600, "folder": str(folder)},
        "timeout_sec": 4,
        "retries": 1,
        "retry": {"initial_interval_sec": 0.1, "max_interval_sec": 0.1},
    }
    handle = await runs.start(beside_many(long))
    state = await ended(handle)
    assert state.status == "failed"
    assert state.error is not None
    assert state.error.code == "timeout"
    assert [what for what in Diary(folder).entries() if what[0] == "start"] == [
        ("start", "long", 1),
        ("start", "long", 2),
    ]
    events = await runs.archived(handle)
    assert [event.type for event in events if event.node == "long"] == [
        "node.scheduled",
        "node.retrying",
        "node.failed",
    ]


async def test_a_node_that_waits_for_its_next_attempt_is_tried_again_at_once_if_asked(runs: Runs) -> None:
    long = {"id": "long", "type": "test.flaky", "params": {"succeeds_at": 2, "retry_after": 600}}
    handle = await runs.start(beside_many(long))
    await short_ones_end(handle)
    assert await histories(runs, handle) > 2
    await handle.execute_update("retry", "long")
    assert (await handle.result()).outputs["long"]["attempt"] == 2
    events = [(event.type, event.attempt) for event in await runs.archived(handle) if event.node == "long"]
    assert events == [("node.scheduled", None), ("node.retrying", 1), ("node.succeeded", 2)]


@pytest.mark.parametrize("retries", [0, 1])
async def test_an_agent_whose_worker_stops_after_it_was_carried_on_is_given_to_another(
    short_histories: WorkflowEnvironment, tmp_path: Path, retries: int
) -> None:
    """Whether the node has a retry for that or not: what ends with its worker has not failed."""
    folder = diary(tmp_path)
    settings = Settings(data_dir=tmp_path / "data", task_queue=f"q-{uuid.uuid4().hex}", shutdown_grace_sec=0)
    client = keeping_payloads(short_histories.client, settings)
    store = Store.open(settings.effective_database_url)
    await store.migrate()
    runs = Runs(client, settings.task_queue, store)
    long = gate("long", tmp_path / "open", retries=retries)
    long["params"]["folder"] = str(folder)
    async with worker(client, settings, store):
        handle = await runs.start(beside_many(long))
        await short_ones_end(handle)
    (tmp_path / "open").touch()
    async with worker(client, settings, store):
        await handle.result()
        assert [entry for entry in Diary(folder).entries() if entry[0] == "start"] == [
            ("start", "long", 1),
            ("start", "long", 2),
        ]
        events = await runs.archived(handle)
    assert [(event.type, event.attempt) for event in events if event.node == "long"] == [
        ("node.scheduled", None),
        ("node.retrying", 1),
        ("node.succeeded", 2),
    ]
    await store.close()


def child(id: str, graph: str = "inner") -> Json:
    return {"id": id, "type": "flow.graph", "params": {"graph": graph}}


def inner(*nodes: Json) -> Json:
    return graph([*nodes]) | {"name": "inner"}


async def test_child_runs_neither_stop_the_others_nor_run_twice(runs: Runs, tmp_path: Path) -> None:
    """Of a node, of the items of a map and of the rounds of a repeat."""
    folder = diary(tmp_path)
    wait = gate("wait", tmp_path / "open")
    wait["params"] |= {"folder": str(folder), "value": 7}
    nodes = [
        child("sub"),
        emit("items", [1, 2, 3]),
        {"id": "each", "type": "flow.map", "params": {"graph": "inner", "concurrency": 2}},
        {"id": "rounds", "type": "flow.repeat", "params": {"graph": "inner", "until": "wait == `7`", "max_times": 3}},
    ]
    document = beside_many(*nodes, edges=[edge("items", "each", items="@")])
    handle = await runs.start(document, subgraphs={"inner": inner(wait)})
    await short_ones_end(handle)
    assert await histories(runs, handle) > 2
    assert Diary(folder).entries() == [("start", "wait", 1)] * 4
    (tmp_path / "open").touch()
    result = await handle.result()
    assert result.outputs["sub"] == {"wait": 7}
    assert result.outputs["each"] == {"outputs": [{"wait": 7}] * 3, "failed": [], "errors": []}
    assert result.outputs["rounds"] == {"output": {"wait": 7}, "times": 1, "satisfied": True}
    assert Diary(folder).count("start") == Diary(folder).count("end") == 5
    events = await runs.archived(handle)
    told = [event.type for event in events if event.node == "sub" and event.type != "node.log"]
    assert told == ["node.scheduled", "node.succeeded"]
    assert [event.type for event in events if event.node == "sub/wait"] == ["node.scheduled", "node.succeeded"]
    assert sum(event.type == "node.scheduled" and event.node == "each[0]" for event in events) == 1


async def test_child_runs_are_steered_after_their_parent_went_on_in_a_new_history(runs: Runs, tmp_path: Path) -> None:
    folder = diary(tmp_path)
    long = {"id": "long", "type": "test.sleep", "params": {"sec": 600, "folder": str(folder)}}
    handle = await runs.start(beside_many(child("sub"), child("other")), subgraphs={"inner": inner(long)})
    await short_ones_end(handle)
    assert await histories(runs, handle) > 2
    sub = runs.client.get_workflow_handle(f"{handle.id}.sub")
    for signal, status in (("pause", "paused"), ("resume", "running")):
        await handle.signal(signal)
        await state_when(sub, lambda state, status=status: state.status == status)  # type: ignore[misc]
    await handle.execute_update("skip", "sub")
    await state_when(handle, lambda state: by_node(state)["sub"] == "skipped")
    await handle.cancel()
    state = await ended(handle)
    assert (state.status, by_node(state)["other"]) == ("cancelled", "cancelled")
    assert Diary(folder).count("cancel") == 2
    assert [(await state_of(sub)).status, (await state_of(sub)).last_seq > 0] == ["cancelled", True]


@pytest.mark.parametrize(
    ("ending", "code"),
    [("cancel", "child_cancelled"), ("terminate", "child_terminated"), ("fail", "asked_to_fail")],
)
async def test_a_child_run_that_ends_otherwise_after_a_crossing_fails_its_node(
    runs: Runs, tmp_path: Path, ending: str, code: str
) -> None:
    nodes = [gate("wait", tmp_path / "open"), fail("bad")]
    part = graph(nodes, [edge("wait", "bad")]) | {"name": "inner"}
    handle = await runs.start(beside_many(child("sub")), subgraphs={"inner": part})
    await short_ones_end(handle)
    sub = runs.client.get_workflow_handle(f"{handle.id}.sub")
    if ending == "fail":
        (tmp_path / "open").touch()
    else:
        await (sub.cancel() if ending == "cancel" else sub.terminate())
    state = await ended(handle)
    assert state.error is not None
    assert (state.status, state.error.code, state.error.node) == ("failed", code, "sub")


@pytest.mark.parametrize("crosses", [True, False])
async def test_child_runs_of_any_depth_end_with_a_parent_that_was_terminated(
    runs: Runs, tmp_path: Path, crosses: bool
) -> None:
    folder = diary(tmp_path)
    long = {"id": "long", "type": "test.sleep", "params": {"sec": 600, "folder": str(folder)}}
    outer = graph([child("sub")]) | {"name": "outer"}
    document = beside_many(child("sub", "outer")) if crosses else graph([child("sub", "outer")])
    handle = await runs.start(document, subgraphs={"inner": inner(long), "outer": outer})
    if crosses:
        await short_ones_end(handle)
    await eventually(lambda: Diary(folder).count("start") == 1)
    await runs.client.get_workflow_handle(handle.id).terminate()
    await eventually(lambda: Diary(folder).count("cancel") == 1)
    for id in (f"{handle.id}.sub", f"{handle.id}.sub.sub"):
        assert (await runs.client.get_workflow_handle(id).describe()).status is WorkflowExecutionStatus.TERMINATED
