"""What conversations use, and budgets that are never passed: by branches side by side, child runs and retries."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from tests.integration.graph_cases import FAST_RETRY, graph
from tests.integration.graph_runs import Handle, Runs, ended, serve, state_when
from tests.integration.scripted_llm import Script, calls, scripted_registry
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.model_call import Usage, UsageTotal
from wand_orchestrator.contract.queries import PartsPage

Json = dict[str, Any]

PRICE = {"input": 1.0, "output": 1.0}
"""US dollars for a million tokens."""

OVERHEAD = 1_000
"""Tokens that the worst case of a call has beside what is sent."""


@pytest.fixture(scope="module")
async def runs(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runs]:
    async for runs in serve(temporal_client, tmp_path_factory.mktemp("budgets"), scripted_registry()):
        yield runs


def used(input: int, output: int, usd: float | None = None, cached: int = 0) -> Json:
    usage = Usage(requests=1, input_tokens=input, output_tokens=output, cached_tokens=cached, usd=usd)
    return {"usage": usage.model_dump()}


def replies(count: int, **usage: Any) -> list[Json]:
    """A script of so many turns, of which all but the last call a tool."""
    turns = [calls(("test_double", {"number": n}), **used(**usage)) for n in range(count - 1)]
    return [*turns, {"text": "done", **used(**usage)}]


def llm(script: Script, id: str = "write", **params: Any) -> Json:
    known = {"model": script.model, "prompt": "Go.", "tools": ["test.double"]}
    return {"id": id, "type": "agent.llm", "params": known | params}


def total(**counts: Any) -> UsageTotal:
    return UsageTotal(**counts)


async def told_usage(runs: Runs, handle: Handle) -> list[Event]:
    return [event for event in await runs.archived(handle) if "usage" in event.data]


async def test_what_turns_used_is_told_by_events_and_summed_for_parts_nodes_and_the_run(
    runs: Runs, tmp_path: Path
) -> None:
    script = Script(tmp_path / "s", *replies(2, input=100, output=10, usd=0.25, cached=40))
    handle = await runs.start(graph([llm(script), llm(script, "other")]))
    state = await ended(handle)
    one = total(requests=1, input_tokens=100, output_tokens=10, cached_tokens=40, usd=0.25)
    page: PartsPage = await handle.query("parts", "write", result_type=PartsPage)
    assert page.parts["write[0]"].usage == one
    assert page.parts["write[0].test_double"].usage is None
    assert state.nodes["write"].usage == one.plus(one)
    assert state.usage == total(requests=4, input_tokens=400, output_tokens=40, cached_tokens=160, usd=1.0)
    events = await told_usage(runs, handle)
    assert sorted(event.node or "" for event in events) == ["other[0]", "other[1]", "write[0]", "write[1]"]
    assert {event.data["model"] for event in events} == {script.model}


async def test_calls_of_unknown_price_have_no_money_and_are_counted(runs: Runs, tmp_path: Path) -> None:
    script = Script(tmp_path / "s", *replies(2, input=10, output=1))
    state = await ended(await runs.start(graph([llm(script)])))
    assert state.usage == total(requests=2, input_tokens=20, output_tokens=2, usd=None, unpriced_requests=2)


async def test_failed_attempts_tell_what_they_used(runs: Runs, tmp_path: Path) -> None:
    broken = {"code": "model_stream_broken", "message": "it broke", "details": used(50, 5, 0.5)}
    refused = {"code": "model_busy", "message": "too many", "details": {"status": 429}}
    script = Script(tmp_path / "s", {"fails": broken})
    busy = Script(tmp_path / "busy", {"fails": refused})
    nodes = [llm(script, "a") | {"optional": True}, llm(busy, "b") | {"optional": True}]
    state = await ended(await runs.start(graph(nodes, options={"max_retries": 1, "retry": FAST_RETRY})))
    assert state.nodes["a"].usage == total(requests=2, partial_requests=2, input_tokens=100, output_tokens=10, usd=1.0)
    assert state.nodes["b"].usage == total(requests=2, usd=0.0)


async def test_a_conversation_stops_before_the_call_that_might_pass_its_budget(runs: Runs, tmp_path: Path) -> None:
    script = Script(tmp_path / "s", *replies(9, input=1000, output=100)).known(max_output_tokens=100)
    handle = await runs.start(graph([llm(script, budget={"tokens": 8_000})], options={"max_retries": 0}))
    state = await ended(handle)
    assert state.error is not None
    assert state.error.code == "budget_exceeded"
    assert "the budget of write is used up" in state.error.message
    assert state.usage is not None
    spent = state.usage.input_tokens + state.usage.output_tokens
    assert len(script.asked) * 1100 == spent <= 8_000
    assert spent > 8_000 - 1100 - 1100 - OVERHEAD - 1100  # it did not stop long before


async def test_a_budget_of_money_refuses_a_model_whose_price_or_replies_nobody_knows(
    runs: Runs, tmp_path: Path
) -> None:
    without_price = Script(tmp_path / "a", *replies(1, input=1, output=1)).known(max_output_tokens=10)
    without_limit = Script(tmp_path / "b", *replies(1, input=1, output=1)).known(price=PRICE)
    for script, what in ((without_price, "price"), (without_limit, "nothing limits the replies")):
        state = await ended(await runs.start(graph([llm(script)], options={"budget": {"usd": 1}})))
        assert state.error is not None
        assert state.error.code == "budget_unbounded"
        assert what in state.error.message
        assert script.asked == []


async def test_a_run_whose_budget_pauses_it_goes_on_with_a_larger_one(runs: Runs, tmp_path: Path) -> None:
    script = Script(tmp_path / "s", *replies(3, input=900, output=100)).known(max_output_tokens=100)
    budget = {"tokens": 3_000, "on_exceeded": "pause"}
    handle = await runs.start(graph([llm(script)], options={"max_retries": 0, "budget": budget}))
    state = await state_when(handle, lambda state: state.status == "paused")
    assert state.exceeded is not None
    assert "the budget of the run is used up" in state.exceeded
    asked = len(script.asked)

    await handle.signal("resume")
    await state_when(handle, lambda state: state.last_seq > 0 and state.status == "paused")
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update("budget", {"node": "write", "budget": {"tokens": 9_000}})
    assert isinstance(refused.value.cause, ApplicationError)
    assert refused.value.cause.type == "wrong_state"
    await handle.execute_update("budget", {"budget": {"tokens": 9_000}})
    assert len(script.asked) == asked
    await handle.signal("resume")
    state = await ended(handle)

    assert state.status == "succeeded"
    assert state.exceeded is None
    assert len(script.asked) == 3
    types = [event.type for event in await runs.archived(handle)]
    assert "run.budget" in types


@pytest.mark.parametrize("target", ["agent", "graph"])
async def test_twenty_branches_never_pass_the_budget_that_they_share(runs: Runs, tmp_path: Path, target: str) -> None:
    """Branches in the run itself, and in child runs, which ask it."""
    script = Script(tmp_path / "s", *replies(2, input=400, output=100, usd=0.0005))
    script.known(max_output_tokens=100, price=PRICE)
    node = llm(script)
    inner = graph([node], options={"max_retries": 1}) | {"name": "inner"}
    params: Json = {"items": list(range(20)), "tolerate": 20, "concurrency": 20}
    params |= {"graph": "inner"} if target == "graph" else {"agent": "agent.llm", "params": node["params"]}
    options = {"max_retries": 1, "budget": {"usd": 0.012}}
    document = graph([{"id": "m", "type": "flow.map", "params": params}], options=options)
    subgraphs = {"inner": inner} if target == "graph" else {}

    handle = await runs.start(document, subgraphs=subgraphs)
    result = (await handle.result()).outputs["m"]
    state = await ended(handle)

    charged = len(script.asked) * 0.0005
    assert 0.012 - 0.0025 < charged <= 0.012
    assert {error["code"] for error in result["errors"]} == {"budget_exceeded"}
    assert 0 < len(result["failed"]) < 20
    assert state.usage is not None
    assert state.usage.requests == len(script.asked)
    assert state.usage.usd == pytest.approx(charged)
    assert state.nodes["m"].usage == state.usage


async def test_a_retry_begins_with_what_its_run_has_spent(runs: Runs, tmp_path: Path) -> None:
    script = Script(tmp_path / "s", *replies(9, input=900, output=100)).known(max_output_tokens=100)
    document = graph([llm(script)], options={"max_retries": 0, "budget": {"tokens": 5_000}})
    first = await runs.start(document)
    assert (await ended(first)).error is not None
    asked = len(script.asked)

    again = await ended(await runs.start(document, retry_of={"run_id": first.id}))
    assert again.error is not None
    assert again.error.code == "budget_exceeded"
    assert len(script.asked) == asked
    raised = {"run_id": first.id, "budget": {"tokens": 50_000}}
    more = await ended(await runs.start(document, retry_of=raised))
    assert more.status == "succeeded"
    assert len(script.asked) == 9
