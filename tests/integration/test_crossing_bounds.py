"""What cannot come into the next history of its run, or comes there at the wrong moment.

The server suggests a new history at 60 events; Wand's own bounds are made as low where they matter.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sample_agents import Diary
from temporalio import activity, workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflowservice.v1 import PauseActivityRequest, UnpauseActivityRequest
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from tests.integration.graph_cases import gate
from tests.integration.graph_runs import Handle, Runs, by_node, serve, state_of
from tests.integration.long_runs import beside_many, child, diary, histories, inner, short_ones_end
from tests.integration.service import Json
from tests.integration.worker_process import worker_process
from tests.waiting import eventually, until
from wand_orchestrator.workflows.nodes import agent_activities, crossing
from wand_orchestrator.workflows.run import rollover


@pytest.fixture
async def runs(short_histories: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[Runs]:
    async for runs in serve(short_histories.client, tmp_path / "data"):
        yield runs


@dataclass
class Foreign:
    """A node that a worker of somebody else's runs, until `open` is set."""

    node: Json
    open: asyncio.Event = field(default_factory=asyncio.Event)
    begun: int = 0


@pytest.fixture
async def foreign(short_histories: WorkflowEnvironment) -> AsyncIterator[Foreign]:
    queue = f"foreign-{uuid.uuid4().hex}"
    foreign = Foreign({"id": "far", "type": "foreign.long", "queue": queue, "retries": 0})

    @activity.defn(name="foreign.long")
    async def run(call: Any) -> Json:
        foreign.begun += 1
        await foreign.open.wait()
        return {"output": "done"}

    async with Worker(short_histories.client, task_queue=queue, activities=[run]):
        yield foreign
        foreign.open.set()


def bounds(monkeypatch: pytest.MonkeyPatch, **values: int) -> None:
    for name, value in values.items():
        monkeypatch.setattr(rollover, name, value)


async def events_in_history(runs: Runs, handle: Handle) -> int:
    return int((await runs.client.get_workflow_handle(handle.id).describe()).history_length)


async def test_a_foreign_node_stops_nothing_while_the_history_has_room(runs: Runs, foreign: Foreign) -> None:
    handle = await runs.start(beside_many(foreign.node))
    await short_ones_end(handle)
    assert await histories(runs, handle) == 1
    foreign.open.set()
    assert (await handle.result()).outputs["far"] == "done"
    assert foreign.begun == 1


async def test_a_foreign_node_in_a_graph_of_its_own_comes_along(runs: Runs, foreign: Foreign) -> None:
    handle = await runs.start(beside_many(child("sub")), subgraphs={"inner": inner(foreign.node)})
    await short_ones_end(handle)
    assert await histories(runs, handle) > 2
    foreign.open.set()
    assert (await handle.result()).outputs["sub"] == {"far": "done"}
    assert foreign.begun == 1


async def test_at_the_last_call_foreign_nodes_are_awaited_and_nothing_else(
    runs: Runs, foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds(monkeypatch, NEXT_TRY=10, LAST_CALL=100)
    folder = diary(tmp_path)
    own = gate("own", tmp_path / "open")
    own["params"]["folder"] = str(folder)
    handle = await runs.start(beside_many(foreign.node, own))
    await until(lambda: events_in_history(runs, handle), lambda events: events >= 100)
    foreign.open.set()
    await short_ones_end(handle)
    assert await histories(runs, handle) > 1
    assert by_node(await state_of(handle))["own"] == "scheduled"
    (tmp_path / "open").touch()
    await handle.result()
    assert (foreign.begun, Diary(folder).count("start")) == (1, 1)


async def test_a_full_history_is_left_without_what_cannot_come_along(
    runs: Runs, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds(monkeypatch, NEXT_TRY=10, LAST_CALL=150, FULL=150)
    handle = await runs.start(beside_many(foreign.node))
    await short_ones_end(handle)
    assert await histories(runs, handle) > 1
    foreign.open.set()
    assert (await handle.result()).outputs["far"] == "done"
    events = [event for event in await runs.archived(handle) if event.node == "far"]
    lost = [event.data["error"] for event in events if event.type == "node.retrying"]
    assert len(lost) == foreign.begun - 1 > 0
    assert {error["code"] for error in lost} == {"worker_lost"}
    assert "was full" in lost[0]["message"]


async def test_a_history_is_full_by_its_bytes_too(
    runs: Runs, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds(monkeypatch, EVENT_BYTES=1, LAST_CALL=20_000, FULL=20_000)
    handle = await runs.start(beside_many(foreign.node))
    await short_ones_end(handle)
    assert await histories(runs, handle) > 1
    foreign.open.set()
    await handle.result()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_result_that_comes_while_the_history_changes_is_taken_once(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Before: all is held already. After: the next history is about to ask who holds it."""
    folder, open = diary(tmp_path), tmp_path / "open"

    held = crossing.held

    async def crossing_as_it_ends(full: bool) -> Any:
        found = await crossing.crossing(full)
        open.touch()
        await workflow.sleep(1)
        return found

    async def held_as_it_ends(crossed: Any) -> Any:
        open.touch()
        await workflow.sleep(1)
        return await held(crossed)

    if when == "before":
        monkeypatch.setattr(rollover, "crossing", crossing_as_it_ends)
    else:
        monkeypatch.setattr(agent_activities, "held", held_as_it_ends)
    long = gate("long", open)
    long["params"] |= {"folder": str(folder), "value": 7}
    handle = await runs.start(beside_many(long, short=50))
    assert (await handle.result()).outputs["long"] == 7
    assert await histories(runs, handle) > 1
    assert Diary(folder).entries() == [("start", "long", 1), ("end", "long", 1)]
    events = [event.type for event in await runs.archived(handle) if event.node == "long"]
    assert events == ["node.scheduled", "node.succeeded"]


async def test_an_agent_whose_worker_is_killed_after_it_was_carried_on_runs_again_elsewhere(
    runs: Runs, short_histories: WorkflowEnvironment, tmp_path: Path
) -> None:
    folder, queue = diary(tmp_path), f"q-{uuid.uuid4().hex}"
    address = short_histories.client.service_client.config.target_host
    long = gate("long", tmp_path / "open", queue=queue, heartbeat_sec=2, retries=0)
    long["params"]["folder"] = str(folder)
    async with worker_process(address, queue, tmp_path / "agents") as first:
        handle = await runs.start(beside_many(long))
        await eventually(lambda: Diary(folder).count("start") == 1)
        await short_ones_end(handle)
        assert await histories(runs, handle) > 1
        first.kill()
        await first.wait()
    async with worker_process(address, queue, tmp_path / "agents"):
        await eventually(lambda: Diary(folder).count("start") == 2)
        (tmp_path / "open").touch()
        await handle.result()
    events = [(event.type, event.attempt) for event in await runs.archived(handle) if event.node == "long"]
    assert events == [("node.scheduled", None), ("node.retrying", 1), ("node.succeeded", 2)]


async def test_a_node_that_was_paused_in_temporal_stays_so_and_stops_nothing(runs: Runs, tmp_path: Path) -> None:
    folder = diary(tmp_path)
    long = gate("long", tmp_path / "open")
    long["params"]["folder"] = str(folder)
    hold = gate("hold", tmp_path / "hold")
    document = beside_many(long, hold)
    document["edges"].append({"from": "hold", "to": "n0"})
    handle = await runs.start(document)
    await eventually(lambda: Diary(folder).count("start") == 1)
    client, where = runs.client, WorkflowExecution(workflow_id=handle.id)
    await client.workflow_service.pause_activity(
        PauseActivityRequest(namespace=client.namespace, execution=where, id="long")
    )
    await eventually(lambda: Diary(folder).count("cancel") == 1)
    (tmp_path / "hold").touch()
    await short_ones_end(handle)
    assert await histories(runs, handle) > 1
    described = await until(
        lambda: client.get_workflow_handle(handle.id).describe(),
        lambda described: [node.activity_id for node in described.raw_description.pending_activities] == ["long"],
    )
    [pending] = described.raw_description.pending_activities
    assert pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED
    assert pending.activity_options.task_queue.name == runs.task_queue
    (tmp_path / "open").touch()
    await client.workflow_service.unpause_activity(
        UnpauseActivityRequest(namespace=client.namespace, execution=where, id="long")
    )
    await handle.result()
    assert Diary(folder).entries()[-1] == ("end", "long", 2)
    events = [(event.type, event.attempt) for event in await runs.archived(handle) if event.node == "long"]
    assert events == [("node.scheduled", None), ("node.retrying", 1), ("node.succeeded", 2)]
