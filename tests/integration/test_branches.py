"""Failures that edges handle, the run's input as a source and the first answer that wins, on the real server."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sample_agents import Diary
from temporalio.testing import WorkflowEnvironment

from tests.integration.graph_cases import FAST_RETRY, echo, edge, emit, fail, flaky, gate, graph
from tests.integration.graph_runs import Handle, Runs, by_node, ended, serve, state_of, state_when
from tests.integration.test_heavy_expressions import COUNT, HEAVY, NUMBERS
from tests.sandbox import replayer
from tests.waiting import eventually
from wand_orchestrator.contract.events import Event


@pytest.fixture(scope="session")
async def runs(temporal_env: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runs]:
    async for runs in serve(temporal_env.client, tmp_path_factory.mktemp("branches")):
        yield runs


def slow(id: str, folder: Path, **rest: Any) -> dict[str, Any]:
    """Takes a minute, and notes when it is cancelled."""
    return {"id": id, "type": "test.sleep", "params": {"sec": 60, "folder": str(folder)}, **rest}


def told_of(events: list[Event], node: str) -> list[str]:
    return [event.type.value for event in events if event.node == node]


async def replays(runs: Runs, handle: Handle) -> None:
    await replayer(runs.client.data_converter).replay_workflow(await handle.fetch_history())


async def test_a_handled_failure_is_told_and_shown(runs: Runs) -> None:
    nodes = [flaky("a", 9, retries=1, retry=FAST_RETRY), echo("alert")]
    handle = await runs.start(graph(nodes, [edge("a", "alert", on="failure", error="error")]))
    result = await handle.result()
    assert result.outputs["alert"]["input"]["error"] == {
        "code": "flaky",
        "message": "attempt 2 fails",
        "details": None,
        "attempt": 2,
    }
    assert (result.sinks, result.failed) == (("a", "alert"), ("a",))
    events = await runs.archived(handle)
    assert told_of(events, "a") == ["node.scheduled", "node.retrying", "node.failed", "node.handled"]
    assert [event.level for event in events if event.type == "node.failed"] == ["warning"]
    [handled] = [event for event in events if event.type == "node.handled"]
    assert "alert" in handled.message
    state = await state_of(handle)
    assert (state.status, state.nodes["a"].status, state.nodes["a"].handled) == ("succeeded", "failed", True)
    await replays(runs, handle)


async def test_only_a_failure_that_no_edge_handles_holds_a_run_that_is_to_be_paused(runs: Runs, tmp_path: Path) -> None:
    closed = {"type": "test.gated", "params": {"open": str(tmp_path / "open")}}
    nodes = [{"id": "a", **closed}, {"id": "b", **closed}, echo("alert"), echo("never"), echo("after")]
    edges = [
        edge("a", "alert", on="failure"),
        edge("b", "never", on="failure", when="error.code == 'other'"),
        edge("b", "after"),
    ]
    handle = await runs.start(graph(nodes, edges, options={"on_failure": "pause"}))
    held = await state_when(
        handle,
        lambda state: state.status == "paused" and all(state.nodes[node].status == "failed" for node in ("a", "b")),
    )
    assert {node for node, state in held.nodes.items() if state.status == "failed" and not state.handled} == {"b"}
    (tmp_path / "open").touch()
    await handle.execute_update("retry", "b")
    assert (await handle.result()).skipped == ("never",)
    assert by_node(await state_of(handle))["after"] == "succeeded"
    await replays(runs, handle)


async def test_a_loser_is_cancelled_in_its_worker_and_the_run_says_why(runs: Runs, tmp_path: Path) -> None:
    nodes = [gate("quick", tmp_path / "open"), slow("slow", tmp_path), emit("then"), echo("end", join="first")]
    edges = [edge("quick", "end"), edge("slow", "then"), edge("then", "end")]
    handle = await runs.start(graph(nodes, edges))
    diary = Diary(tmp_path)
    await eventually(lambda: diary.count("start", "slow") == 1)
    (tmp_path / "open").touch()
    assert (await handle.result()).skipped == ()
    assert diary.count("cancel", "slow") == 1
    events = await runs.archived(handle)
    reasons = {event.node: event.data["reason"] for event in events if "reason" in event.data}
    assert reasons.keys() == {"slow", "then"}
    assert set(reasons.values()) == {"another edge was taken first, and nothing else needs it"}
    assert told_of(events, "slow") == ["node.scheduled", "node.cancelled"]
    assert told_of(events, "then") == ["node.skipped"]
    assert events[-1].type == "run.succeeded"
    await replays(runs, handle)


async def test_control_nodes_and_child_runs_lose_as_agents_do(runs: Runs, tmp_path: Path) -> None:
    (tmp_path / "diary").mkdir()
    part = graph([slow("inner", tmp_path / "diary")]) | {"name": "part"}
    losers: list[dict[str, Any]] = [
        {"id": "ask", "type": "flow.approval", "params": {"prompt": "?"}},
        {"id": "wait", "type": "flow.wait", "params": {"seconds": 600}},
        {"id": "child", "type": "flow.graph", "params": {"graph": "part"}},
    ]
    nodes = [gate("quick", tmp_path / "open"), *losers, echo("end", join="first")]
    edges = [edge(node["id"], "end") for node in nodes[:-1]]
    handle = await runs.start(graph(nodes, edges), subgraphs={"part": part})
    await eventually(lambda: Diary(tmp_path / "diary").count("start", "inner") == 1)
    (tmp_path / "open").touch()
    await handle.result()
    assert {by_node(await state_of(handle))[node["id"]] for node in losers} == {"cancelled"}
    assert Diary(tmp_path / "diary").count("cancel", "inner") == 1
    await replays(runs, handle)


async def test_a_held_node_that_is_not_needed_any_more_holds_the_run_no_longer(runs: Runs, tmp_path: Path) -> None:
    nodes = [gate("quick", tmp_path / "open"), fail("bad"), echo("end", join="first")]
    handle = await runs.start(graph(nodes, [edge("quick", "end"), edge("bad", "end")], options={"on_failure": "pause"}))
    await state_when(handle, lambda state: state.status == "paused")
    (tmp_path / "open").touch()
    await handle.result()
    events = await runs.archived(handle)
    assert told_of(events, "bad") == ["node.scheduled", "node.failed", "node.skipped"]
    assert [event.type.value for event in events if event.node is None] == [
        "run.started",
        "run.paused",
        "run.resumed",
        "run.succeeded",
    ]
    await replays(runs, handle)


async def test_a_retry_runs_handled_failures_and_what_follows_them_again_and_no_losers(
    runs: Runs, tmp_path: Path
) -> None:
    def noted(id: str, **rest: Any) -> dict[str, Any]:
        return {"id": id, "type": "test.emit", "params": {"value": id, "folder": str(tmp_path)}, **rest}

    bad = {"id": "bad", "type": "test.fail", "params": {"folder": str(tmp_path)}, "retries": 0}
    closed = {"id": "last", "type": "test.gated", "params": {"open": str(tmp_path / "open")}}
    nodes = [bad, noted("alert"), noted("quick"), slow("slow", tmp_path), noted("won", join="first"), closed]
    edges = [
        edge("bad", "alert", on="failure"),
        edge("quick", "won"),
        edge("slow", "won"),
        edge("alert", "last"),
        edge("won", "last"),
    ]
    first = await runs.start(graph(nodes, edges, sinks=["last"]))
    assert by_node(await ended(first)) == {
        **dict.fromkeys(("alert", "quick", "won"), "succeeded"),
        **{"bad": "failed", "slow": "cancelled", "last": "failed"},
    }
    (tmp_path / "open").touch()
    second = await runs.start(graph(nodes, edges, sinks=["last"]), retry_of={"run_id": first.id})
    await second.result()
    diary = Diary(tmp_path)
    again = {node: diary.count("start", node) for node in ("bad", "alert", "quick", "slow", "won")}
    assert again == {"bad": 2, "alert": 2, "quick": 1, "slow": 1, "won": 1}
    assert by_node(await state_of(second))["slow"] == "skipped"
    await replays(runs, second)


async def test_a_child_sees_what_its_node_gives_as_its_input(runs: Runs) -> None:
    edges = [edge("$input", "yes", when="n > `3`", n="n"), edge("$input", "no", when="otherwise")]
    part = graph([echo("yes"), echo("no")], edges) | {"name": "part"}
    each = {"id": "each", "type": "flow.map", "params": {"graph": "part"}}
    nodes = [emit("items", [{"n": 1}, {"n": 5}]), each]
    handle = await runs.start(graph(nodes, [edge("items", "each", items="@")]), subgraphs={"part": part})
    low, high = (await handle.result()).outputs["each"]["outputs"]
    assert low.keys() == {"no"}
    assert high == {"yes": {"params": {}, "input": {"n": 5}}}


async def test_what_is_ready_starts_while_edges_wait_for_their_turn(runs: Runs) -> None:
    """Each of the targets has an edge that takes about a third of a workflow task."""
    targets = [echo(f"t{number}") for number in range(COUNT)]
    edges = [edge("a", target["id"], x=HEAVY) for target in targets]
    ready = [emit(f"r{number}") for number in range(3)]
    handle = await runs.start(graph([emit("a", NUMBERS), *ready, *targets], edges, options={"concurrency": 2}))
    await handle.result()
    order = [
        event.activity_task_scheduled_event_attributes.activity_id
        for event in (await handle.fetch_history()).events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    last_wait = max(place for place, id in enumerate(order) if id.startswith("$task"))
    assert order.index("r1") < last_wait
    await replays(runs, handle)
