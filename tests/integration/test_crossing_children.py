"""Child runs whose parent goes on in new histories, with the server's suggestion at 60 events."""

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sample_agents import Diary
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from tests.integration.graph_cases import edge, emit, fail, gate, graph
from tests.integration.graph_runs import Handle, Runs, by_node, ended, serve, state_of, state_when, worker
from tests.integration.long_runs import beside_many, child, diary, histories, inner, short_ones_end
from tests.waiting import eventually, until
from wand_orchestrator.activities.core import run_watch
from wand_orchestrator.contract.names import ACTIVITY_AWAIT_RUN
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.temporal.connection import keeping_payloads
from wand_orchestrator.workflows.nodes import started_child


@pytest.fixture
async def runs(short_histories: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[Runs]:
    async for runs in serve(short_histories.client, tmp_path / "data"):
        yield runs


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


async def test_the_end_of_a_child_run_is_awaited_by_another_worker_when_one_stops(
    short_histories: WorkflowEnvironment, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path / "data", task_queue=f"q-{uuid.uuid4().hex}", shutdown_grace_sec=0)
    client = keeping_payloads(short_histories.client, settings)
    store = Store.open(settings.effective_database_url)
    await store.migrate()
    runs = Runs(client, settings.task_queue, store)
    async with worker(client, settings, store):
        handle = await runs.start(
            beside_many(child("sub")), subgraphs={"inner": inner(gate("wait", tmp_path / "open"))}
        )
        await short_ones_end(handle)
        await until(lambda: awaiting(runs, handle), lambda found: len(found) == 1)
    given_back = await until(lambda: awaiting(runs, handle), lambda found: found[0].attempt == 2)
    assert given_back[0].last_failure.message == "it is time to look again"
    (tmp_path / "open").touch()
    async with worker(client, settings, store):
        assert (await handle.result()).outputs["sub"] == {"wait": None}
    await store.close()


async def test_a_watch_that_falls_silent_is_taken_over(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the worker that watches had been killed: it neither looks nor beats any more."""
    monkeypatch.setattr(started_child, "SILENCE", timedelta(seconds=2))
    monkeypatch.setattr(run_watch, "WATCH_SILENCE_SEC", 3600.0)
    monkeypatch.setattr(run_watch, "CHILD_LOOK_SEC", 3600.0)
    handle = await runs.start(beside_many(child("sub")), subgraphs={"inner": inner(gate("wait", tmp_path / "open"))})
    await short_ones_end(handle)
    await until(lambda: awaiting(runs, handle), lambda found: len(found) == 1)
    (tmp_path / "open").touch()
    assert (await handle.result()).outputs["sub"] == {"wait": None}


async def awaiting(runs: Runs, handle: Handle) -> list[PendingActivityInfo]:
    """What the run has in flight to await child runs."""
    described = await runs.client.get_workflow_handle(handle.id).describe()
    pending = described.raw_description.pending_activities
    return [found for found in pending if found.activity_type.name == ACTIVITY_AWAIT_RUN and found.attempt]
