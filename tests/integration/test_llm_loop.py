"""The loop of `agent.llm`: turns of a model, and the tools that it calls."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from tests.integration.graph_cases import FAST_RETRY, emit, graph
from tests.integration.graph_runs import Handle, Runs, ended, serve, state_when
from tests.integration.scripted_llm import Script, calls, scripted_registry
from tests.waiting import until
from wand_orchestrator.contract.queries import PartsPage

Json = dict[str, Any]


@pytest.fixture(scope="module")
async def runs(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runs]:
    async for runs in serve(temporal_client, tmp_path_factory.mktemp("llm"), scripted_registry()):
        yield runs


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path / "script")


async def parts(handle: Handle, node: str = "write") -> dict[str, str]:
    page: PartsPage = await handle.query("parts", node, result_type=PartsPage)
    return {part: state.status.value for part, state in page.parts.items()}


def llm(script: Script, **params: Any) -> Json:
    return {"id": "write", "type": "agent.llm", "params": {"model": script.model, **params}}


async def test_a_model_that_calls_no_tool_answers_in_one_turn(runs: Runs, tmp_path: Path) -> None:
    script = Script(tmp_path / "s", {"text": "Hello Ada"})
    node = llm(script, instructions="Greet.", prompt="Say hello to {{ name }}.") | {"input": {"name": "Ada"}}
    handle = await runs.start(graph([node]))
    assert (await handle.result()).outputs == {"write": {"text": "Hello Ada"}}
    [asked] = script.asked
    assert (asked.instructions, asked.prompt, asked.tools) == ("Greet.", "Say hello to Ada.", ())
    assert await parts(handle) == {
        "write[tools]": "succeeded",
        "write[0]": "succeeded",
    }


async def test_tools_agents_and_graphs_are_called_side_by_side_and_the_model_is_told_of_each(
    runs: Runs, tmp_path: Path
) -> None:
    script = Script(
        tmp_path / "s",
        calls(
            ("test_double", {"number": 21}),
            ("test_double", {"number": 1}),
            ("test_emit", {"value": "v"}),
            ("inner", {"x": 1}),
            ("nothing\u0007", {}),
            ("test_double", {"number": "many"}),
            ("test_double", "{not json"),
        ),
        {"text": "done"},
    )
    inner = graph([emit("a", 7)]) | {"name": "inner"}
    tools = ["test.double", {"agent": "test.emit"}, {"graph": "inner"}]
    handle = await runs.start(graph([llm(script, tools=tools)]), subgraphs={"inner": inner})
    assert (await handle.result()).outputs == {"write": {"text": "done"}}
    first, second = script.asked
    assert [tool.name for tool in first.tools] == ["test_double", "test_emit", "inner"]
    assert [(each.id, each.status) for each in second.outcomes] == [
        ("c0", "succeeded"),
        ("c1", "succeeded"),
        ("c2", "succeeded"),
        ("c3", "succeeded"),
        ("c4", "failed"),
        ("c5", "failed"),
        ("c6", "failed"),
    ]
    assert [each.content for each in second.outcomes[:4]] == [42, 2, "v", {"a": 7}]
    told = [each.content for each in second.outcomes[4:]]
    assert told[0] == "unknown_tool: there is no tool 'nothing?': there are test_double, test_emit, inner"
    assert told[1].startswith("invalid_arguments: `number` must be a whole number")
    assert told[2] == "invalid_arguments: the arguments of test_double must be one JSON object"
    assert await parts(handle) == {
        "write[tools]": "succeeded",
        "write[0]": "succeeded",
        "write[0].test_double": "succeeded",
        "write[0].test_double[1]": "succeeded",
        "write[0].test_emit": "succeeded",
        "write[0].inner": "succeeded",
        "write[0].inner/a": "succeeded",
        "write[0].nothing_": "failed",
        "write[0].test_double[2]": "failed",
        "write[0].test_double[3]": "failed",
        "write[1]": "succeeded",
    }


async def test_a_call_waits_for_approval_with_editable_arguments_and_a_refusal_tells_the_model_why(
    runs: Runs, tmp_path: Path
) -> None:
    script = Script(
        tmp_path / "s",
        calls(("test_double", {"number": 1}), ("test_double", {"number": 2}), ("test_emit", {"value": "v"})),
        {"text": "done"},
    )
    tools = [{"tool": "test.double", "approve": True}, {"agent": "test.emit"}]
    handle = await runs.start(graph([llm(script, tools=tools)]))
    waiting = await state_when(handle, lambda state: len(state.questions) == 2)
    assert set(waiting.questions) == {"write[0].test_double", "write[0].test_double[1]"}
    await until(lambda: parts(handle), lambda found: found.get("write[0].test_emit") == "succeeded")
    no = {"approved": False, "reason": "too much"}
    await handle.execute_update("respond", {"node": "write[0].test_double", "answer": no, "by": "Ada"})
    edited = {"approved": True, "arguments": {"number": 50}}
    await handle.execute_update("respond", {"node": "write[0].test_double[1]", "answer": edited})
    assert (await handle.result()).outputs == {"write": {"text": "done"}}
    refused, changed, other = script.asked[1].outcomes
    assert (refused.status, refused.content) == ("refused", "a person refused the call: too much")
    assert changed.content == {
        "note": "a person changed the arguments of this call",
        "arguments": {"number": 50},
        "result": 100,
    }
    assert other.content == "v"
    assert (await parts(handle))["write[0].test_double"] == "skipped"


async def test_a_structured_answer_that_does_not_fit_is_asked_for_again_twice_at_most(
    runs: Runs, tmp_path: Path
) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    script = Script(tmp_path / "s", {"output": {"n": "x"}}, {"text": "no JSON"}, {"output": {"n": 3}})
    handle = await runs.start(graph([llm(script, output=schema)]))
    assert (await handle.result()).outputs == {"write": {"n": 3}}
    assert "`n` must be a whole number" in (script.asked[1].prompt or "")
    assert "no JSON" in (script.asked[2].prompt or "")
    never = Script(tmp_path / "never", {"output": {}})
    state = await ended(await runs.start(graph([llm(never, output=schema)])))
    assert state.error is not None
    assert (state.error.code, len(never.asked)) == ("invalid_output", 3)


async def test_a_model_that_never_answers_fails_after_its_turns(runs: Runs, tmp_path: Path) -> None:
    script = Script(tmp_path / "s", calls(("test_double", {"number": 1})))
    tools = [{"tool": "test.double", "max_calls": 2}]
    state = await ended(await runs.start(graph([llm(script, tools=tools, max_turns=4)])))
    assert state.error is not None
    assert (state.error.code, len(script.asked)) == ("turns_exhausted", 4)
    assert script.asked[3].outcomes[0].content == "calls_exhausted: test_double may be called 2 times, and has been"


async def test_items_of_a_map_and_rounds_of_a_repeat_are_conversations_of_their_own(runs: Runs, tmp_path: Path) -> None:
    script = Script(tmp_path / "s", calls(("test_double", {"number": 21})), {"text": "done"})
    params = {"model": script.model, "prompt": "{{ item }} of {{ kind }}", "tools": ["test.double"]}
    each = {"agent": "agent.llm", "params": params, "input": {"item": {"$expr": "item"}, "kind": "sort"}}
    nodes = [
        {"id": "m", "type": "flow.map", "params": {**each, "items": ["a", "b"]}},
        {
            "id": "r",
            "type": "flow.repeat",
            "params": {**each, "until": "text == 'done'", "max_times": 3},
            "input": {"x": 1},
        },
    ]
    handle = await runs.start(graph(nodes))
    outputs = (await handle.result()).outputs
    assert outputs["m"]["outputs"] == [{"text": "done"}, {"text": "done"}]
    assert outputs["r"] == {"output": {"text": "done"}, "times": 1, "satisfied": True}
    assert {asked.prompt for asked in script.asked} == {"a of sort", "b of sort", '{"x":1} of sort', None}
    assert await parts(handle, "m") == {
        f"m[{item}]{part}": "succeeded" for item in (0, 1) for part in ("", "[tools]", "[0]", "[0].test_double", "[1]")
    }


async def test_a_prompt_that_a_reference_gave_is_no_template(runs: Runs, tmp_path: Path) -> None:
    script = Script(tmp_path / "s", {"text": "done"})
    input = {"question": "what is {{ secret }}?", "secret": "42"}
    handle = await runs.start(graph([llm(script, prompt={"$expr": "question"}) | {"input": input}]))
    await handle.result()
    assert [asked.prompt for asked in script.asked] == ["what is {{ secret }}?"]


async def test_a_node_whose_model_failed_goes_on_with_its_conversation_when_it_is_tried_again(
    runs: Runs, tmp_path: Path
) -> None:
    fails = {"fails": {"message": "it is overloaded", "code": "overloaded", "retryable": False}}
    script = Script(tmp_path / "s", calls(("test_double", {"number": 21})), fails)
    document = graph([llm(script, tools=["test.double"])], options={"on_failure": "pause"})
    handle = await runs.start(document)
    await state_when(handle, lambda state: state.status == "paused")
    Script(tmp_path / "s", {"text": "never"}, {"text": "done"})
    await handle.execute_update("retry", "write")
    assert (await handle.result()).outputs == {"write": {"text": "done"}}
    assert [asked.before for asked in script.asked] == [None, "1", "1"]
    assert [each.content for each in script.asked[2].outcomes] == [42]
    events = await runs.archived(handle)
    assert sum(event.node == "write[0].test_double" and event.type == "node.succeeded" for event in events) == 1


async def test_attempts_of_a_call_are_told_of_the_call_alone(runs: Runs, tmp_path: Path) -> None:
    script = Script(tmp_path / "s", {"fails": {"message": "it is overloaded", "code": "overloaded"}})
    items = {"agent": "agent.llm", "params": {"model": script.model}, "items": [1]}
    nodes = [llm(script) | {"optional": True}, {"id": "m", "type": "flow.map", "params": items}]
    handle = await runs.start(graph(nodes, options={"max_retries": 1, "retry": FAST_RETRY}))
    await ended(handle)
    events = await runs.archived(handle)
    retried = [(event.node, event.attempt) for event in events if event.type == "node.retrying"]
    assert sorted(retried) == [("m[0][0]", 1), ("write[0]", 1)]
    assert {event.data["error"]["code"] for event in events if event.type == "node.failed"} == {
        "overloaded",
        "too_many_failed",
    }


async def test_a_retry_of_the_run_makes_no_call_again_whose_result_is_known(runs: Runs, tmp_path: Path) -> None:
    fails = {"fails": {"message": "it is overloaded", "code": "overloaded", "retryable": False}}
    script = Script(tmp_path / "s", calls(("test_double", {"number": 21})), fails)
    each = {"agent": "agent.llm", "params": {"model": script.model, "tools": ["test.double"]}, "items": [1]}
    document = graph([llm(script, tools=["test.double"]), {"id": "m", "type": "flow.map", "params": each}])
    document["options"] = {"on_failure": "continue"}
    first = await runs.start(document)
    await ended(first)
    assert [asked.before for asked in script.asked].count(None) == 2
    Script(tmp_path / "s", {"text": "never"}, {"text": "done"})
    second = await runs.start(document, retry_of={"run_id": first.id, "from_nodes": []})
    outputs = (await second.result()).outputs
    assert (outputs["write"], outputs["m"]["outputs"]) == ({"text": "done"}, [{"text": "done"}])
    assert [asked.before for asked in script.asked].count(None) == 2
    assert await parts(second) == {"write[tools]": "succeeded", "write[1]": "succeeded"}


async def test_a_cancel_ends_calls_in_flight_and_what_waits_for_approval(runs: Runs, tmp_path: Path) -> None:
    script = Script(tmp_path / "s", calls(("test_sleep", {"sec": 600}), ("test_double", {"number": 1})))
    tools = [{"agent": "test.sleep"}, {"tool": "test.double", "approve": True}]
    handle = await runs.start(graph([llm(script, tools=tools)]))
    await until(lambda: parts(handle), lambda found: found.get("write[0].test_double") == "waiting")
    await handle.cancel()
    assert (await ended(handle)).status == "cancelled"
    found = await parts(handle)
    assert (found["write[0].test_sleep"], found["write[0].test_double"]) == ("cancelled", "cancelled")


async def test_a_paused_run_makes_no_call_until_it_is_resumed(runs: Runs, tmp_path: Path) -> None:
    script = Script(tmp_path / "s", calls(("test_gate", {"open": str(tmp_path / "open")})), {"text": "done"})
    handle = await runs.start(graph([llm(script, tools=[{"agent": "test.gate"}])]))
    await until(lambda: parts(handle), lambda found: "write[0].test_gate" in found)
    await handle.signal("pause")
    await state_when(handle, lambda state: state.status == "paused")
    (tmp_path / "open").touch()
    await until(lambda: parts(handle), lambda found: found["write[0].test_gate"] == "succeeded")
    assert "write[1]" not in await parts(handle)
    await handle.signal("resume")
    assert (await handle.result()).outputs == {"write": {"text": "done"}}


async def test_a_model_that_runs_wild_fails_within_bounds(runs: Runs, tmp_path: Path) -> None:
    script = Script(tmp_path / "s", calls(*[("test_double", {"number": 1})] * 1001))
    state = await ended(await runs.start(graph([llm(script, tools=["test.double"])])))
    assert state.error is not None
    assert state.error.code == "too_many_calls"


async def test_a_person_skips_one_call_and_the_model_is_told(runs: Runs, tmp_path: Path) -> None:
    script = Script(
        tmp_path / "s",
        calls(("test_sleep", {"sec": 600}), ("test_double", {"number": 1}), ("test_emit", {"value": 1})),
        {"text": "done"},
    )
    tools = [{"agent": "test.sleep"}, {"tool": "test.double", "approve": True}, {"agent": "test.emit"}]
    handle = await runs.start(graph([llm(script, tools=tools)]))
    await until(lambda: parts(handle), lambda found: found.get("write[0].test_double") == "waiting")
    await handle.execute_update("skip", "write[0].test_double")
    await handle.execute_update("skip", "write[0].test_sleep")
    assert (await handle.result()).outputs == {"write": {"text": "done"}}
    assert [each.status for each in script.asked[1].outcomes] == ["skipped", "skipped", "succeeded"]
    found = await parts(handle)
    assert (found["write[0].test_sleep"], found["write[0].test_double"]) == ("skipped", "skipped")
    events = await runs.archived(handle)
    assert [event.type for event in events if event.node == "write[0].test_sleep"] == ["node.scheduled", "node.skipped"]
