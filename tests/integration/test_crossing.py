"""Runs that go on in new histories while something long is in flight, with the server's suggestion at 60 events."""

import uuid
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import emitting_agents
import pytest
import sample_agents
from sample_agents import Diary
from temporalio import workflow
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import (
    ExecuteWorkflowInput,
    HandleUpdateInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from tests.integration.graph_cases import echo, edge, emit, fail, gate
from tests.integration.graph_runs import Runs, by_node, ended, serve, state_of, state_when, worker
from tests.integration.long_runs import SHORT, beside_many, diary, histories, short_ones_end
from tests.waiting import eventually, until
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.temporal.connection import keeping_payloads


@pytest.fixture
async def runs(short_histories: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[Runs]:
    async for runs in serve(short_histories.client, tmp_path / "data"):
        yield runs


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


async def _told_by_heartbeats(runs: Runs, run_id: str) -> list[bytes]:
    described = await runs.client.get_workflow_handle(run_id).describe()
    pending = described.raw_description.pending_activities
    return [part.data for info in pending for part in info.heartbeat_details.payloads]


async def test_an_agent_that_emits_text_is_carried_on_with_it(
    short_histories: WorkflowEnvironment, tmp_path: Path
) -> None:
    """Its heartbeats tell more than those of others."""
    params = {"pieces": ["a", "b"], "gate": str(tmp_path), "waits": [1]}
    registry = Registry.of(sample_agents, emitting_agents)
    async for runs in serve(short_histories.client, tmp_path / "data", registry):
        handle = await runs.start(beside_many({"id": "long", "type": "emit.async", "params": params}))
        await short_ones_end(handle)
        assert await histories(runs, handle) > 2
        told = await until(partial(_told_by_heartbeats, runs, handle.id), lambda details: len(details) == 3)
        assert b'"text":"1a"' in told[2]
        (tmp_path / "1.1").touch()
        assert (await handle.result()).outputs["long"] == {"text": "1a1b"}


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


async def test_whatever_waits_still_waits_in_the_next_history(runs: Runs) -> None:
    """An approval, a moment, and then the run itself, paused by hand."""
    nodes = [
        {"id": "ask", "type": "flow.approval", "params": {"prompt": "?"}},
        {"id": "wait", "type": "flow.wait", "params": {"seconds": 3600}},
    ]
    handle = await runs.start(beside_many(*nodes))
    await short_ones_end(handle)
    assert await histories(runs, handle) > 2
    await handle.signal("pause")
    await handle.execute_update("respond", {"node": "ask", "answer": "yes"})
    await state_when(handle, lambda state: by_node(state)["ask"] == "succeeded")
    assert by_node(await state_of(handle))["wait"] == "waiting"
    await handle.execute_update("skip", "wait")
    await handle.signal("resume")
    result = await handle.result()
    assert (result.outputs["ask"], result.skipped) == ("yes", ("wait",))


class _UpdateFirst(Interceptor):
    """Lets no history but the first begin before an update has come: the server may hand over both at once."""

    def workflow_interceptor_class(self, _: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        return _Inbound


class _Inbound(WorkflowInboundInterceptor):
    updated = False

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        if workflow.info().continued_run_id is not None:
            await workflow.wait_condition(lambda: self.updated)
        return await super().execute_workflow(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        self.updated = True
        return await super().handle_update_handler(input)


@pytest.mark.parametrize("update", ["respond", "skip"])
async def test_an_update_that_comes_before_the_first_step_of_a_history_finds_what_waits(
    short_histories: WorkflowEnvironment, tmp_path: Path, update: str
) -> None:
    async for runs in serve(short_histories.client, tmp_path / "data", interceptors=[_UpdateFirst()]):
        ask = {"id": "ask", "type": "flow.approval", "params": {"prompt": "?"}}
        handle = await runs.start(beside_many(ask, short=8))
        await until(partial(histories, runs, handle), lambda count: count == 2)
        given = {"node": "ask", "answer": "yes"} if update == "respond" else "ask"
        await handle.execute_update(update, given)
        assert (await handle.result()).outputs.get("ask") == ("yes" if update == "respond" else None)


async def test_events_cross_both_those_that_were_taken_and_those_that_are_kept(runs: Runs) -> None:
    waits = {"id": "waits", "type": "flow.event", "params": {"name": "go", "count": 2}}
    later = {"id": "later", "type": "flow.event", "params": {"name": "late"}}
    handle = await runs.start(beside_many(waits, later, edges=[edge("last", "later")]))
    for name, data in (("go", 1), ("late", "kept"), ("late", "surplus")):
        await handle.signal("event", args=[name, data])
    await state_when(handle, lambda state: by_node(state).get("later") == "succeeded")
    assert await histories(runs, handle) > 2
    assert by_node(await state_of(handle))["waits"] == "waiting"
    await handle.signal("event", args=["go", 2])
    result = await handle.result()
    assert result.outputs == {"waits": [1, 2], "later": "kept"}
    events = [event for event in await runs.archived(handle) if event.node == "waits"]
    assert sum(event.type == "node.waiting" for event in events) == 1


async def test_a_race_goes_on_in_another_history_and_its_losers_are_cancelled_there(runs: Runs, tmp_path: Path) -> None:
    folder = diary(tmp_path)
    slow = {"id": "slow", "type": "test.sleep", "params": {"sec": 600, "folder": str(folder)}}
    nodes = [gate("quick", tmp_path / "open"), slow, emit("then"), fail("bad", retries=0), echo("alert")]
    nodes += [echo("won", join="first")]
    edges = [edge("quick", "won"), edge("slow", "then"), edge("then", "won"), edge("bad", "alert", on="failure")]
    handle = await runs.start(beside_many(*nodes, edges=edges))
    await short_ones_end(handle)
    assert await histories(runs, handle) > 2
    assert (await state_of(handle)).nodes["bad"].handled
    (tmp_path / "open").touch()
    assert "won" in (await handle.result()).outputs
    state = await state_of(handle)
    assert {node: state.nodes[node].status.value for node in ("slow", "then", "bad", "alert")} == {
        "slow": "cancelled",
        "then": "skipped",
        "bad": "failed",
        "alert": "succeeded",
    }
    assert state.nodes["bad"].handled
    assert Diary(folder).entries() == [("start", "slow", 1), ("cancel", "slow", 1)]


async def test_a_loser_that_takes_long_to_end_is_cancelled_once_more_in_the_next_history(
    runs: Runs, tmp_path: Path
) -> None:
    """It holds nothing up, and does not fail the run when it ends."""
    folder = diary(tmp_path)
    params = {"sec": 600, "cleanup_sec": 2, "folder": str(folder)}
    nodes = [emit("quick"), {"id": "slow", "type": "test.sleep", "params": params}, echo("won", join="first")]
    edges = [edge("quick", "won"), edge("slow", "won"), edge("won", "n0")]
    handle = await runs.start(beside_many(*nodes, edges=edges))
    await short_ones_end(handle)
    crossed = await histories(runs, handle)
    await handle.result()
    assert crossed > 2
    assert by_node(await state_of(handle))["slow"] == "cancelled"
    assert Diary(folder).count("start") == 1
