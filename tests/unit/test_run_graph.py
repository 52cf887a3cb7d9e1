"""Graphs in a plain test: the workflow of a worker, without Temporal."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from wand_orchestrator import AgentContext, AgentError, agent, tool
from wand_orchestrator.contract.model_call import Price
from wand_orchestrator.errors import GraphFaults, InputFaults
from wand_orchestrator.testing import (
    AnswerRefused,
    AskedTurn,
    Cassette,
    RecordingContext,
    RunStuck,
    ScriptedModel,
    calls,
    fails,
    run_graph,
)

Json = dict[str, Any]
EXAMPLES = Path(__file__).parents[2] / "examples"


def graph(*nodes: Json, **rest: Any) -> Json:
    return {"name": "g", "nodes": list(nodes), "edges": [], **rest}


def llm(**params: Any) -> Json:
    return {"id": "write", "type": "agent.llm", "params": {"model": "any:model", "prompt": "Write.", **params}}


@agent("acme.flaky")
async def flaky(ctx: AgentContext) -> Json:
    """Fails once."""
    ctx.log("tried")
    if ctx.attempt == 1:
        raise AgentError("not yet", code="not_yet")
    await ctx.save_artifact("report.txt", "fine", "text/plain")
    return {"attempt": ctx.attempt}


@agent("acme.hangs")
async def hangs() -> None:
    """Never ends."""
    await asyncio.Event().wait()


@tool("acme.double")
async def double(number: int) -> int:
    """Doubles a number."""
    return 2 * number


@agent("acme.wrong", tools=["acme.double"])
async def wrong(ctx: AgentContext) -> Any:
    """Calls a tool with what it does not take."""
    return await ctx.tools["acme.double"](number="many")


def test_attempts_logs_artifacts_and_values_are_those_of_a_worker() -> None:
    run = run_graph(graph({"id": "a", "type": "acme.flaky", "params": {}, "retries": 1}), agents=[flaky])
    assert (run.status, run.outputs) == ("succeeded", {"a": {"attempt": 2}})
    assert run.told("a") == ["node.scheduled", "node.log", "node.retrying", "node.log", "node.succeeded"]
    assert run.artifacts == {"a/report.txt": b"fine"}
    assert (run.node("a").output, run.node("a").state.attempt) == ({"attempt": 2}, 2)
    with pytest.raises(KeyError, match="no node 'b'"):
        run.node("b")


def test_a_failure_ends_the_run_or_is_handled_as_the_graph_says() -> None:
    node = {"id": "a", "type": "acme.flaky", "params": {}, "retries": 0}
    failed = run_graph(graph(node), agents=[flaky])
    assert failed.error is not None
    assert (failed.status, failed.error.code, failed.error.node, failed.outputs) == ("failed", "not_yet", "a", {})
    mend = {"id": "b", "type": "agent.transform", "params": {"expression": "code"}}
    edges = [{"from": "a", "to": "b", "on": "failure", "map": {"code": "error.code"}}]
    assert run_graph(graph(node, mend, edges=edges), agents=[flaky]).outputs == {"b": "not_yet"}


def test_time_in_which_nothing_happens_is_skipped_and_timeouts_are_kept() -> None:
    wait = {"id": "w", "type": "flow.wait", "params": {"seconds": 86_400 * 365}}
    assert run_graph(graph(wait)).status == "succeeded"
    assert run_graph(graph(wait, options={"run_timeout_sec": 60})).status == "timed_out"
    late = {"id": "a", "type": "acme.hangs", "params": {}, "timeout_sec": 0.05, "retries": 1}
    error = run_graph(graph(late), agents=[hangs]).error
    assert error is not None
    assert error.code == "timeout"


def test_items_rounds_and_stored_graphs_run_as_parts() -> None:
    one = {"agent": "agent.transform", "params": {"expression": "item"}, "items": [1, 2, 3]}
    inner = graph({"id": "x", "type": "agent.transform", "params": {"expression": "`7`"}}) | {"name": "inner"}
    run = run_graph(
        graph(
            {"id": "m", "type": "flow.map", "params": one},
            {"id": "g", "type": "flow.graph", "params": {"graph": "inner"}},
        ),
        graphs={"inner": inner},
    )
    assert run.outputs["m"]["outputs"] == [1, 2, 3]
    assert run.outputs["g"] == {"x": 7}
    assert {"m[2]", "g/x"} <= set(run.nodes)
    assert run.node("g/x").output == 7


def test_people_answer_and_events_come_when_a_node_waits_for_them() -> None:
    approval = json.loads((EXAMPLES / "approval.json").read_text())
    assert run_graph(approval, answers={"review": {"send": True}}).outputs["send"]["sent"]
    no = run_graph(approval, answers={"review": lambda asked: {"send": asked["prompt"] != "May this be sent?"}})
    assert no.result is not None
    assert no.result.skipped == ("send",)
    paid = {"id": "paid", "type": "flow.event", "params": {"name": "paid"}}
    assert run_graph(graph(paid), events=[("paid", {"eur": 5})]).outputs["paid"] == {"eur": 5}


def test_a_run_that_waits_for_what_the_test_does_not_give_says_what_it_would_take() -> None:
    approval = {"id": "ok", "type": "flow.approval", "params": {"prompt": "Well?"}}
    with pytest.raises(RunStuck, match=r"ok waits for an answer: give answers=\{'ok': …\}"):
        run_graph(graph(approval))
    with pytest.raises(RunStuck, match=r"p waits for the event 'paid': give events="):
        run_graph(graph({"id": "p", "type": "flow.event", "params": {"name": "paid"}}))
    schema = {"type": "object", "properties": {"yes": {"type": "boolean"}}, "required": ["yes"]}
    with pytest.raises(AnswerRefused, match="yes"):
        run_graph(graph(approval | {"params": {"prompt": "?", "schema": schema}}), answers={"ok": {"yes": "x"}})


def test_a_graph_and_its_input_are_checked_as_by_the_api() -> None:
    with pytest.raises(GraphFaults) as faults:
        run_graph(graph({"id": "a", "type": "acme.unknown", "params": {}}))
    assert [fault.code for fault in faults.value.faults] == ["unknown_agent"]
    assert "/nodes/0/type: " in faults.value.__notes__[0]
    typed = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    node = {"id": "a", "type": "agent.transform", "params": {"expression": "`1`"}}
    with pytest.raises(InputFaults):
        run_graph(graph(node, input_schema=typed), {"n": "x"})


async def test_a_test_on_an_event_loop_runs_graphs_too() -> None:
    assert run_graph(graph({"id": "w", "type": "flow.wait", "params": {"seconds": 60}})).status == "succeeded"


def test_stand_ins_take_the_place_of_agents_and_tools_and_are_held_to_their_schemas() -> None:
    chart = {"id": "c", "type": "agent.analyze", "params": {"x": "a", "y": "b"}, "input": {"text": "a,b"}}
    figures = {"summary": "none", "insights": [{"x": 1, "y": 2}]}
    known = run_graph(graph(chart), agents={"agent.analyze": figures})
    assert known.error is not None
    assert known.error.code == "invalid_output"
    own = {"id": "o", "type": "acme.own", "params": {"any": 1}, "input": {"thing": 2}}
    assert run_graph(graph(own), agents={"acme.own": [7]}).outputs == {"o": [7]}

    async def doubled(input: Json) -> int:
        return 2 * int(input["thing"])

    assert run_graph(graph(own | {"params": {}}), agents={"acme.own": doubled}).outputs == {"o": 4}
    model = [calls(("acme_double", {"number": 21})), "done"]
    run = run_graph(graph(llm(tools=["acme.double"])), tools={"acme.double": "forty-two"}, models=model)
    assert run.node("write[0].acme_double").output == "forty-two"


def test_a_model_calls_tools_and_each_call_is_a_part() -> None:
    model = ScriptedModel(
        [
            fails("model_rate_limited", retry_after=3600),
            calls(("acme_double", {"number": 21}), ("acme_double", {"number": "x"})),
            "It is 42.",
        ],
        price=Price(input=1, output=4),
    )
    node = llm(tools=["acme.double"]) | {"retries": 1}
    run = run_graph(graph(node), tools=[double], models=model)
    assert run.outputs == {"write": {"text": "It is 42."}}, run.error
    told = [(outcome.status, outcome.content) for outcome in model.asked[2].outcomes]
    assert (told[0], told[1][0]) == (("succeeded", 42), "failed")
    assert run.node("write[0].acme_double").output == 42
    assert run.usage is not None
    assert (run.usage.requests, run.usage.usd is not None) == (2, True)
    assert (model.asked[2].prompt, model.asked[2].tools, len(model.asked[2].before)) == ("Write.", ("acme_double",), 1)


def test_structured_answers_that_do_not_fit_are_asked_for_again() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert run_graph(graph(llm(output=schema)), models=[{"n": "x"}, "no", {"n": 3}]).outputs == {"write": {"n": 3}}
    never = run_graph(graph(llm(output=schema)), models=lambda asked: {})
    assert never.error is not None
    assert never.error.code == "invalid_output"


def test_each_conversation_follows_its_own_script() -> None:
    each = {"agent": "agent.llm", "params": {"model": "any:m", "prompt": "{{ item }}"}, "items": ["a", "b"]}
    document = graph({"id": "m", "type": "flow.map", "params": each}, llm())

    async def echo(asked: AskedTurn) -> str:
        return asked.prompt.upper()

    run = run_graph(document, models={"m": echo, "m[1]": ["second"], "write": ["w"]})
    assert run.outputs["m"]["outputs"] == [{"text": "A"}, {"text": "second"}]
    unscripted = run_graph(document, models={"m": echo})
    assert unscripted.error is not None
    assert (unscripted.error.code, "'write'" in unscripted.error.message) == ("unscripted", True)
    short = run_graph(graph(llm(tools=["acme.double"])), tools=[double], models=[calls(("acme_double", {"number": 1}))])
    assert short.error is not None
    assert "it has 1 answers, and this is call 2" in short.error.message


def test_calls_wait_for_approval_and_budgets_hold() -> None:
    node = llm(tools=[{"tool": "acme.double", "approve": True}])
    script = [calls(("acme_double", {"number": 1})), "done"]
    edited = {"approved": True, "arguments": {"number": 50}}
    run = run_graph(graph(node), tools=[double], models=script, answers={"write[0].acme_double": edited})
    assert run.node("write[0].acme_double").output == 100
    poor = ScriptedModel(script, price=Price(input=1, output=1), max_output_tokens=1000, context_tokens=10_000)
    broke = run_graph(graph(llm(budget={"usd": 0.000001})), models=poor)
    assert broke.error is not None
    assert (broke.error.code, poor.asked) == ("budget_exceeded", [])


def test_a_misfit_of_a_tool_call_is_told_alike_by_a_worker_and_by_the_recording_context() -> None:
    node = {"id": "a", "type": "acme.wrong", "params": {}}
    run = run_graph(graph(node), agents=[wrong], tools=[double])
    with pytest.raises(AgentError) as raised:
        asyncio.run(wrong(ctx=RecordingContext(double)))
    assert run.error is not None
    assert (run.error.code, run.error.message) == (raised.value.code, raised.value.message)
    assert run.error.code == "invalid_tool_call"


def test_a_cassette_replays_a_recorded_run_and_tells_where_another_one_differs(tmp_path: Path) -> None:
    overloaded = {"code": "model_overloaded", "message": "busy", "retryable": True}
    call = {"id": "c", "name": "acme_double", "arguments": {"number": 21}}
    done = {"text": "42", "finish": "stop", "usage": {"requests": 1, "usd": 0.5}, "conversation": "2"}
    recorded = [
        {"prompt": "Write.", "failure": overloaded},
        {"prompt": "Write.", "reply": {"calls": [call], "finish": "tool_calls", "conversation": "1"}},
        {"outcomes": [{"name": "acme_double", "status": "succeeded"}], "reply": done},
    ]
    path = tmp_path / "cassette.json"
    path.write_text(json.dumps({"run_id": "r_1", "graph": "g", "conversations": {"write": recorded}}))
    node = llm(tools=["acme.double"]) | {"retries": 1}
    run = run_graph(graph(node), tools=[double], models=Cassette(path))
    assert (run.outputs, run.usage and run.usage.usd) == ({"write": {"text": "42"}}, 0.5)
    other = graph(llm(tools=["acme.double"], prompt="Else.") | {"retries": 1})
    error = run_graph(other, tools=[double], models=Cassette(path)).error
    assert error is not None
    assert (error.code, "'Write.'" in error.message) == ("cassette_mismatch", True)
    assert run_graph(other, tools=[double], models=Cassette(path, strict=False)).status == "succeeded"
    path.write_text("{}")
    with pytest.raises(ValueError, match="conversations"):
        Cassette(path)
