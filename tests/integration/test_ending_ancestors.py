"""Child runs of a run that is being cancelled, and has not got round to passing that on."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle

from tests.integration.graph_cases import edge, emit, gate, graph
from tests.integration.graph_runs import Handle, Runs, by_node, ended, serve, state_when
from tests.waiting import until
from wand_orchestrator.activities.core.ending_runs import EndingRuns
from wand_orchestrator.contract.names import WORKFLOW_GRAPH_RUN

LONGER_THAN_A_LOOK_COUNTS = {"id": "wait", "type": "flow.wait", "params": {"seconds": 1.1}}


@pytest.fixture
async def runs(temporal_client: Client, tmp_path: Path) -> AsyncIterator[Runs]:
    async for runs in serve(temporal_client, tmp_path / "data"):
        yield runs


async def above(client: Client) -> WorkflowHandle[object, object]:
    """A run that nobody serves: it never gets round to anything."""
    queue, id = f"nobody-{uuid.uuid4().hex}", f"r_{uuid.uuid4().hex}"
    return await client.start_workflow(WORKFLOW_GRAPH_RUN, args=[None, None], id=id, task_queue=queue)


def part_of(run: WorkflowHandle[object, object]) -> dict[str, Any]:
    return {"parent": {"run_id": run.id, "node": "sub"}, "depth": 1}


async def recorded(handle: Handle) -> list["EventType.ValueType"]:
    return [event.event_type async for event in handle.fetch_history_events()]


async def looked(handle: Handle, times: int) -> None:
    marker = EventType.EVENT_TYPE_MARKER_RECORDED
    patches = 1  # each patch is a marker, too
    await until(lambda: recorded(handle), lambda types: types.count(marker) >= times + patches)


async def test_a_child_run_begins_nothing(runs: Runs) -> None:
    parent = await above(runs.client)
    await parent.cancel()
    handle = await runs.start(graph([emit("a", 1)]), **part_of(parent))
    await looked(handle, 1)
    await handle.cancel()
    state = await ended(handle)
    assert (state.status, by_node(state)) == ("cancelled", {})
    assert [event.type for event in await runs.archived(handle)] == ["run.cancelled"]
    await parent.terminate()


async def test_a_child_run_that_has_begun_starts_no_child_run(runs: Runs, tmp_path: Path) -> None:
    parent = await above(runs.client)
    nodes = [
        gate("gate", tmp_path / "open"),
        LONGER_THAN_A_LOOK_COUNTS,
        {"id": "each", "type": "flow.map", "params": {"graph": "inner", "items": [1, 2]}},
    ]
    document = graph(nodes, [edge("gate", "wait"), edge("wait", "each")])
    inner = graph([emit("a", 1)]) | {"name": "inner"}
    handle = await runs.start(document, subgraphs={"inner": inner}, **part_of(parent))
    await state_when(handle, lambda state: "gate" in state.nodes)
    await parent.cancel()
    (tmp_path / "open").touch()
    await state_when(handle, lambda state: "each" in state.nodes)
    await looked(handle, 2)
    await handle.cancel()
    assert by_node(await ended(handle))["each"] == "cancelled"
    assert EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED not in await recorded(handle)
    await parent.terminate()


async def test_a_run_is_ending_with_one_above_it_which_was_deleted_at_worst(runs: Runs) -> None:
    ending = EndingRuns(runs.client)
    parent = await above(runs.client)
    assert not await ending.is_ending(parent.id)
    assert await ending.is_ending("r_never_was")
    await parent.terminate()
    assert await EndingRuns(runs.client).is_ending(parent.id)
