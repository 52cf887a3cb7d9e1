"""Short agents as local activities: as before in all that is seen, and without a way through the server."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sample_agents import Diary
from temporalio.testing import WorkflowEnvironment

from tests.integration.graph_cases import CASES, Case, echo, edge, emit, flaky, graph, sleep
from tests.integration.graph_runs import Handle, Runs, ended, serve, state_of
from tests.sandbox import replayer
from tests.waiting import until
from wand_orchestrator.contract.queries import (
    EventPage,
)

SLOW_CASES = ("1,000 wide", "500 deep")


@pytest.fixture(scope="session")
async def runs(temporal_env: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runs]:
    async for runs in serve(temporal_env.client, tmp_path_factory.mktemp("local")):
        yield runs


def local(document: dict[str, Any]) -> dict[str, Any]:
    nodes = [{**node, "execution": "local"} for node in document["nodes"]]
    return {**document, "nodes": nodes}


def chain(length: int, sec: float = 0.0) -> dict[str, Any]:
    return local(
        graph([sleep(f"n{i}", sec) for i in range(length)], [edge(f"n{i}", f"n{i + 1}") for i in range(length - 1)])
    )


async def history_counts(handle: Handle) -> Counter[str]:
    """How many of each kind of event the history holds."""
    return Counter([event.WhichOneof("attributes") or "" async for event in handle.fetch_history_events()])


async def regular_nodes(handle: Handle) -> int:
    """How many regular activities were scheduled for nodes."""
    scheduled = [
        event.activity_task_scheduled_event_attributes.activity_id
        async for event in handle.fetch_history_events()
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    return sum(not id.startswith("$") for id in scheduled)


async def test_a_chain_of_short_nodes_needs_no_activity_task(runs: Runs) -> None:
    handle = await runs.start(local(graph([emit("a", {"x": 1}), echo("b")], [edge("a", "b", x="x")])))
    assert (await handle.result()).outputs == {"b": {"params": {}, "input": {"x": 1}}}
    assert await regular_nodes(handle) == 0
    # All nodes in the first, and the end of the run once its events are in the database.
    assert (await history_counts(handle))["workflow_task_completed_event_attributes"] == 2


@pytest.mark.parametrize("case", [case for case in CASES if case.name not in SLOW_CASES], ids=lambda case: case.name)
async def test_every_case_ends_as_with_regular_nodes(runs: Runs, case: Case) -> None:
    handle = await runs.start(local(case.graph), case.input)
    state = await ended(handle)
    assert state.status == case.status
    if case.outputs is not None and case.status == "succeeded":
        result = await handle.result()
        assert (result.outputs, list(result.skipped)) == (case.outputs, case.skipped)
    assert (state.error.code if state.error else None) == case.error
    assert {node: state.nodes[node].attempt for node in case.attempts} == case.attempts
    assert {id: state.nodes[id].status for id in case.nodes if id in state.nodes} == {
        id: status for id, status in case.nodes.items() if status != "pending"
    }
    await replayer().replay_workflow(await handle.fetch_history())


async def test_events_tell_the_same_of_a_local_node(runs: Runs) -> None:
    node = {"id": "a", "type": "test.log", "params": {"lines": ["one", "two"], "percents": [50]}}
    local_run, regular_run = await runs.start(local(graph([node]))), await runs.start(graph([node]))
    await asyncio.gather(local_run.result(), regular_run.result())
    one, other = await runs.archived(local_run), await runs.archived(regular_run)
    assert [(event.type, event.message, set(event.data)) for event in one] == [
        (event.type, event.message, set(event.data)) for event in other
    ]
    assert (await history_counts(local_run))["workflow_execution_signaled_event_attributes"] == 0


async def test_a_failed_attempt_is_told_while_the_next_is_waited_for(runs: Runs) -> None:
    retry = {"initial_interval_sec": 600}
    handle = await runs.start(local(graph([flaky("a", 2, retries=1, retry=retry)])))
    state = await until(lambda: state_of(handle), lambda state: state.nodes["a"].status == "retrying")
    assert state.nodes["a"].attempt == 1
    await handle.cancel()
    assert (await ended(handle)).status == "cancelled"


async def test_one_that_is_too_slow_is_stopped_and_runs_as_a_regular_activity(runs: Runs, tmp_path: Path) -> None:
    params = {"sec": 2.3, "folder": str(tmp_path)}
    slow = {"id": "slow", "type": "test.sleep", "params": params}
    handle = await runs.start(local(graph([slow, {**slow, "id": "again"}], [edge("slow", "again")])))
    await handle.result()
    assert Diary(tmp_path).entries() == [
        ("start", "slow", 1),
        ("cancel", "slow", 1),
        ("start", "slow", 1),
        ("end", "slow", 1),
        ("start", "again", 1),
        ("end", "again", 1),
    ]
    events = await runs.archived(handle)
    [warning] = [event for event in events if event.level == "warning"]
    assert (warning.type, warning.node, warning.data["error"]["code"]) == ("node.log", "slow", "too_slow")
    assert await regular_nodes(handle) == 2
    await replayer().replay_workflow(await handle.fetch_history())


async def test_one_that_hears_no_cancel_keeps_its_result(runs: Runs) -> None:
    node = {"id": "a", "type": "test.slow_sync", "params": {"sec": 2.2, "look": "never"}}
    handle = await runs.start(local(graph([node])))
    assert (await handle.result()).outputs == {"a": {"slept": 2.2}}
    assert await regular_nodes(handle) == 0


async def test_a_node_with_a_queue_or_a_large_input_is_a_regular_one(runs: Runs) -> None:
    text = "x" * 70_000
    nodes = [emit("a", text), echo("b"), emit("c", 1, queue=runs.task_queue)]
    handle = await runs.start(local(graph(nodes, [edge("a", "b", text="@")])))
    outputs = (await handle.result()).outputs
    assert outputs["b"]["input"] == {"text": text}
    assert await regular_nodes(handle) == 3  # a has the text in its params


async def test_a_cancel_comes_through_between_short_nodes(runs: Runs, tmp_path: Path) -> None:
    handle = await runs.start(chain(400, sec=0.02))
    await until(lambda: state_of(handle), lambda state: state.progress > 0)
    await handle.cancel()
    state = await ended(handle)
    assert state.status == "cancelled"
    assert state.progress < 90


async def test_the_items_of_a_map_run_locally(runs: Runs) -> None:
    params = {"agent": "test.echo"}
    node = {"id": "m", "type": "flow.map", "params": params, "execution": "local"}
    handle = await runs.start(graph([emit("a", list(range(100))), node], [edge("a", "m", items="@")]))
    output = (await handle.result()).outputs["m"]
    assert [item["input"]["item"] for item in output["outputs"]] == list(range(100))
    assert await regular_nodes(handle) == 1


async def test_events_of_a_long_row_of_short_nodes_come_while_it_goes_on(runs: Runs) -> None:
    """The row takes 1.5 s at least, and a workflow task of it some 150 ms: its events come in that many portions."""
    handle = await runs.start(chain(150, sec=0.01))
    portions: list[int] = []
    last, done = 0, False
    while not done:
        page: EventPage = await handle.query("events", args=[last, 500], result_type=EventPage)
        portions += [len(page.events)] if page.events else []
        last, done = page.last, page.ended
    assert len(portions) >= 5
    assert max(portions) < sum(portions) / 2
