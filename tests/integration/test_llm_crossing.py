"""Conversations that go on in new histories, with the server's suggestion at 60 events."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sample_agents import Diary
from temporalio.testing import WorkflowEnvironment

from tests.integration.graph_cases import gate
from tests.integration.graph_runs import Runs, ended, serve
from tests.integration.long_runs import beside_many, diary, histories, inner, short_ones_end
from tests.integration.scripted_llm import Script, calls, scripted_registry

Json = dict[str, Any]


@pytest.fixture
async def runs(short_histories: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[Runs]:
    async for runs in serve(short_histories.client, tmp_path / "data", scripted_registry()):
        yield runs


async def test_turns_calls_and_approvals_in_flight_go_on_in_the_next_history(runs: Runs, tmp_path: Path) -> None:
    folder, opened = diary(tmp_path), str(tmp_path / "open")
    waits = {"open": opened, "folder": str(folder), "value": 7}
    double, slow = calls(("test_double", {"number": 4})), calls(("test_gate", waits), ("inner", {"x": 1}))
    scripts = {
        "turn": Script(tmp_path / "turn", {"text": "done", "waits_for": opened}),
        "call": Script(tmp_path / "call", slow, {"text": "done"}),
        "ask": Script(tmp_path / "ask", double, {"text": "done"}),
        "m": Script(tmp_path / "m", slow, {"text": "done"}),
    }
    tools = [{"tool": "test.double", "approve": True}, {"agent": "test.gate"}, {"graph": "inner"}]
    params = {name: {"model": script.model, "tools": tools} for name, script in scripts.items()}
    nodes: list[Json] = [{"id": name, "type": "agent.llm", "params": params[name]} for name in ("turn", "call", "ask")]
    nodes.append(
        {"id": "m", "type": "flow.map", "params": {"agent": "agent.llm", "params": params["m"], "items": [1, 2]}}
    )
    child = inner({**gate("a", opened), "params": {"open": opened, "value": 3}})
    handle = await runs.start(beside_many(*nodes), subgraphs={"inner": child})
    await short_ones_end(handle)
    assert await histories(runs, handle) > 2
    Path(opened).touch()
    answer = {"node": "ask[0].test_double", "answer": {"approved": True, "arguments": {"number": 5}}}
    await handle.execute_update("respond", answer)
    outputs = (await handle.result()).outputs
    done = {"text": "done"}
    assert (outputs["turn"], outputs["call"], outputs["ask"]) == (done, done, done)
    assert outputs["m"]["outputs"] == [done, done]
    assert [len(script.asked) for script in scripts.values()] == [1, 2, 2, 4]
    assert [each.content for each in scripts["call"].asked[1].outcomes] == [7, {"a": 3}]
    for part in ("call[0].test_gate", "m[0][0].test_gate", "m[1][0].test_gate"):
        assert Diary(folder).count("start", part) == 1
    events = await runs.archived(handle)
    for part in ("turn[0]", "call[0].test_gate", "m[0]", "m[0][0].inner"):
        types = [event.type for event in events if event.node == part and event.type != "node.log"]
        assert types == ["node.scheduled", "node.succeeded"]
    asked = [event.type for event in events if event.node == "ask[0].test_double"]
    assert asked == ["node.waiting", "node.log", "node.scheduled", "node.succeeded"]


async def test_a_conversation_that_came_from_another_history_is_cancelled_with_its_run(
    runs: Runs, tmp_path: Path
) -> None:
    folder = diary(tmp_path)
    script = Script(tmp_path / "s", calls(("test_sleep", {"sec": 600, "folder": str(folder)})))
    params = {"model": script.model, "tools": [{"agent": "test.sleep"}]}
    nodes: list[Json] = [
        {"id": "write", "type": "agent.llm", "params": params},
        {"id": "m", "type": "flow.map", "params": {"agent": "agent.llm", "params": params, "items": [1]}},
    ]
    handle = await runs.start(beside_many(*nodes))
    await short_ones_end(handle)
    assert await histories(runs, handle) > 2
    await handle.cancel()
    assert (await ended(handle)).status == "cancelled"
    assert sorted(Diary(folder).entries()) == [
        ("cancel", "m[0][0].test_sleep", 1),
        ("cancel", "write[0].test_sleep", 1),
        ("start", "m[0][0].test_sleep", 1),
        ("start", "write[0].test_sleep", 1),
    ]


async def test_budgets_go_on_in_the_next_history(runs: Runs, tmp_path: Path) -> None:
    """With a call in flight, one that waits for it, and one in a child run."""
    opened = str(tmp_path / "open")
    usage = {"requests": 1, "input_tokens": 900, "output_tokens": 100}
    slow = Script(tmp_path / "slow", {"text": "done", "waits_for": opened, "usage": usage})
    quick = Script(tmp_path / "quick", {"text": "done", "usage": usage})
    for script in (slow, quick):
        script.known(max_output_tokens=100)

    def llm(id: str, script: Script) -> Json:
        return {"id": id, "type": "agent.llm", "params": {"model": script.model, "prompt": "Go."}}

    nodes: list[Json] = [
        llm("a", slow),
        {"id": "sub", "type": "flow.graph", "params": {"graph": "inner"}},
        {"id": "free", "type": "flow.wait", "params": {"seconds": 1}},
        llm("b", quick),
    ]
    document = beside_many(*nodes)
    document["edges"] = [*document["edges"], {"from": "free", "to": "b"}]
    document["options"] = document.get("options", {}) | {"max_retries": 0, "budget": {"tokens": 3_300}}
    handle = await runs.start(document, subgraphs={"inner": inner(llm("c", slow))})
    await short_ones_end(handle)
    assert await histories(runs, handle) > 1
    assert len(quick.asked) == 0
    Path(opened).touch()
    outputs = (await handle.result()).outputs
    assert (outputs["a"], outputs["sub"], outputs["b"]) == ({"text": "done"}, {"c": {"text": "done"}}, {"text": "done"})
    assert (await ended(handle)).usage.input_tokens == 2_700  # type: ignore[union-attr]
