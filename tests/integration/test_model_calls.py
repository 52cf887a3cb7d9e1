"""Calls of models, through the real libraries of their providers, against a server that answers by a script."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from tests.integration.model_calls import KEY, PROTOCOLS, Worker, aliases_of, settings_of
from tests.waiting import eventually
from wand_orchestrator import AgentError
from wand_orchestrator.activities.models import model_agents
from wand_orchestrator.contract.model_call import CallSettings, ModelTurn, Price, ToolDefinition, ToolOutcome
from wand_orchestrator.plugins import Registry
from wand_orchestrator.scripted_models import Asked, ModelServer, ScriptedAnswer, ScriptedCall

SEARCH = ToolDefinition(
    name="acme.search",
    description="Searches.",
    parameters={"type": "object", "properties": {"for": {"type": "string"}}, "required": ["for"]},
)
PRICE = Price(input=2.0, output=8.0, cached=0.5)

Opened = Callable[..., AbstractAsyncContextManager[tuple[Worker, ModelServer]]]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Opens a server of a script, and a worker that knows it under the names of the protocols."""

    @asynccontextmanager
    async def opening(
        script: Callable[[Asked], ScriptedAnswer] | ScriptedAnswer,
        *,
        alias: dict[str, Any] | None = None,
        **settings: Any,
    ) -> AsyncIterator[tuple[Worker, ModelServer]]:
        monkeypatch.setenv("SCRIPTED_KEY", KEY)
        says = (lambda _: script) if isinstance(script, ScriptedAnswer) else script
        async with ModelServer(says, price=PRICE, key=KEY).serving() as server:
            known = settings_of(tmp_path, aliases_of(server, **(alias or {})), **settings)
            yield Worker(known, Registry.of(model_agents)), server

    return opening


async def failure(worker: Worker, turn: ModelTurn) -> AgentError:
    with pytest.raises(AgentError) as caught:
        await worker.turn(turn)
    return caught.value


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_conversation_with_a_tool_is_kept_and_priced(opened: Opened, protocol: str) -> None:
    def says(asked: Asked) -> ScriptedAnswer:
        if not asked.results:
            return ScriptedAnswer(
                text="Let me look.", calls=(ScriptedCall(name="acme_search", arguments={"for": "wands"}),)
            )
        return ScriptedAnswer(text=f"Found: {asked.last}", cached_tokens=4)

    async with opened(says) as (worker, server):
        asked = ModelTurn(model=protocol, instructions="Be brief.", prompt="What is a wand?", tools=(SEARCH,))
        first = await worker.turn(asked)
        assert (first.text, first.finish) == ("Let me look.", "tool_calls")
        [call] = first.calls
        assert (call.name, call.arguments) == ("acme.search", {"for": "wands"})

        outcome = ToolOutcome(id=call.id, name=call.name, content={"hits": 3})
        rest = asked.model_copy(update={"before": first.conversation, "prompt": None, "outcomes": (outcome,)})
        second = await Worker(worker.settings, worker.registry).turn(rest)
        assert (second.text, second.finish, second.calls) == ('Found: {"hits":3}', "stop", ())

        said = server.log[1].asked
        assert (said.instructions, said.prompt, said.turn) == ("Be brief.", "What is a wand?", 1)
        assert [each.role for each in said.said] == ["user", "assistant", "call", "result"]
        assert said.stream
        for reply, exchange in zip((first, second), server.log, strict=True):
            assert reply.usage.usd == pytest.approx(exchange.usd)
            assert reply.usage.input_tokens == exchange.asked.input_tokens
            assert reply.usage.output_tokens == exchange.output_tokens
            assert reply.usage.requests == 1
        assert second.usage.cached_tokens == 4


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("fault", "code", "retryable"),
    [
        ("rate_limited", "model_rate_limited", True),
        ("overloaded", "model_overloaded", True),
        ("server_error", "model_server_error", True),
        ("context_too_long", "context_too_long", False),
        ("content_refused", "content_refused", False),
        ("key_invalid", "model_key_invalid", False),
        ("unknown_model", "unknown_model", False),
        ("bad_request", "model_request_refused", False),
    ],
)
async def test_a_fault_has_a_code_and_is_asked_for_once(
    opened: Opened, protocol: str, fault: Any, code: str, retryable: bool
) -> None:
    async with opened(ScriptedAnswer(fault=fault, retry_after="7", echo="Bearer {key}")) as (worker, server):
        error = await failure(worker, ModelTurn(model=protocol, prompt="Hello"))
        assert (error.code, error.retryable) == (code, retryable)
        assert error.retry_after == (7 if retryable else None)
        assert KEY not in str(error)
        assert KEY not in str(error.details)
        assert error.__cause__ is None
        assert len(server.log) == 1  # the libraries of the providers try nothing again


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("5", 5), ("100000", 3600), ("in 50 minutes", 3000), ("soon", None)],
)
async def test_a_wait_that_the_server_asks_for_is_bounded(opened: Opened, header: str, seconds: float | None) -> None:
    if header == "in 50 minutes":
        header = formatdate(time.time() + 3000, usegmt=True)
    async with opened(ScriptedAnswer(fault="rate_limited", retry_after=header)) as (worker, _):
        error = await failure(worker, ModelTurn(model="chat", prompt="Hello"))
        assert error.retry_after == (None if seconds is None else pytest.approx(seconds, rel=0.1))


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_stream_that_breaks_off_is_one_failed_attempt_and_nothing_is_kept(
    opened: Opened, protocol: str, tmp_path: Path
) -> None:
    async with opened(ScriptedAnswer(text="This never comes to its end.", break_after=1)) as (worker, server):
        error = await failure(worker, ModelTurn(model=protocol, prompt="Hello"))
        assert (error.code, error.retryable) == ("model_stream_broken", True)
        assert len(server.log) == 1
        assert not list((tmp_path / "artifacts").rglob("*.json"))
        usage = error.details["usage"]
        assert usage["requests"] == 1
        if protocol == "anthropic":  # which tells of the input at once
            assert usage["input_tokens"] == server.log[0].asked.input_tokens
        else:  # the server charges something, and nobody knows what
            assert (usage["input_tokens"], usage["usd"]) == (0, None)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_silent_server_is_left(opened: Opened, protocol: str) -> None:
    slow = ScriptedAnswer(text="a", piece_sec=30)
    async with opened(slow, alias={"timeout_sec": 0.3}) as (worker, _):
        error = await failure(worker, ModelTurn(model=protocol, prompt="Hello"))
        assert (error.code, error.retryable) == ("model_timeout", True)
        assert error.details["usage"]["requests"] == 1


async def test_a_server_that_is_away_is_tried_again(opened: Opened) -> None:
    async with opened(ScriptedAnswer()) as (worker, _):
        pass
    error = await failure(worker, ModelTurn(model="chat", prompt="Hello"))
    assert (error.code, error.retryable) == ("model_unreachable", True)
    assert "usage" not in error.details


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_refused_content_in_an_answer_is_a_failure_that_is_charged(opened: Opened, protocol: str) -> None:
    async with opened(ScriptedAnswer(text="I had begun", finish="content_filter")) as (worker, server):
        error = await failure(worker, ModelTurn(model=protocol, prompt="Hello"))
        assert (error.code, error.retryable) == ("content_refused", False)
        assert error.details["usage"]["usd"] == pytest.approx(server.usd)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_structured_answer_is_read_and_a_misfit_can_be_told(opened: Opened, protocol: str) -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}

    def says(asked: Asked) -> ScriptedAnswer:
        assert "final_result" in asked.tools
        right = any("no title" in said.text for said in asked.said)
        return ScriptedAnswer(
            calls=(ScriptedCall(name="final_result", arguments={"title": "Wands"} if right else {"titel": 1}),)
        )

    async with opened(says) as (worker, server):
        asked = ModelTurn(model=protocol, prompt="Write.", output=schema, tools=(SEARCH,))
        first = await worker.turn(asked)
        assert (first.output, first.calls) == ({"titel": 1}, ())
        again = asked.model_copy(update={"before": first.conversation, "prompt": "There is no title."})
        second = await worker.turn(again)
        assert second.output == {"title": "Wands"}
        assert [said.role for said in server.log[1].asked.said] == ["user", "call", "result"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("id", ["same", "x" * 20_000])
async def test_calls_to_which_the_server_gives_the_same_id_are_told_apart(
    opened: Opened, protocol: str, id: str
) -> None:
    asks = ScriptedAnswer(calls=tuple(ScriptedCall(name="acme_search", id=id) for _ in range(3)))
    async with opened(lambda asked: ScriptedAnswer(text="Done.") if asked.results else asks) as (worker, server):
        asked = ModelTurn(model=protocol, prompt="Search.", tools=(SEARCH,))
        first = await worker.turn(asked)
        ids = [call.id for call in first.calls]
        assert len(set(ids)) == 3
        assert max(map(len, ids)) <= 10_000
        outcomes = tuple(
            ToolOutcome(id=call.id, name=call.name, status="succeeded", content=str(place))
            for place, call in enumerate(first.calls)
        )
        more = {"before": first.conversation, "prompt": None, "outcomes": outcomes}
        assert (await worker.turn(asked.model_copy(update=more))).text == "Done."
        said = server.log[1].asked
        assert [(each.id, each.text) for each in said.results] == list(zip(ids, "012", strict=True))


async def test_an_answer_that_is_no_object_goes_through_providers_that_take_objects_only(opened: Opened) -> None:
    def says(asked: Asked) -> ScriptedAnswer:
        assert asked.tools["final_result"]["type"] == "object"
        return ScriptedAnswer(calls=(ScriptedCall(name="final_result", arguments={"result": [1, 2]}),))

    async with opened(says) as (worker, _):
        turn = ModelTurn(model="chat", prompt="Count.", output={"type": "array", "items": {"type": "integer"}})
        assert (await worker.turn(turn)).output == [1, 2]


async def test_an_answer_beyond_its_bounds_is_a_failure_and_its_rest_is_not_read(opened: Opened) -> None:
    def says(asked: Asked) -> ScriptedAnswer:
        if "calls" in asked.prompt:
            return ScriptedAnswer(calls=tuple(ScriptedCall(name="acme_search") for _ in range(1000)))
        return ScriptedAnswer(text="x" * 10_000_000, piece=65_536)

    async with opened(says, max_model_reply_bytes=200_000, max_model_calls=10) as (worker, server):
        error = await failure(worker, ModelTurn(model="chat", prompt="Write much."))
        assert (error.code, error.retryable) == ("model_reply_too_large", False)
        error = await failure(worker, ModelTurn(model="chat", prompt="Many calls.", tools=(SEARCH,)))
        assert (error.code, error.retryable) == ("too_many_calls", False)
        assert server.log[0].output_tokens < 10_000_000 / 4


@pytest.mark.parametrize("text", ['{"for": ', "[1]", "wands", "NaN", "\x00"])
async def test_arguments_that_are_no_object_stay_text(opened: Opened, text: str) -> None:
    async with opened(ScriptedAnswer(calls=(ScriptedCall(name="acme_search\n\x07", arguments=text),))) as (worker, _):
        [call] = (await worker.turn(ModelTurn(model="chat", prompt="Look.", tools=(SEARCH,)))).calls
        assert (call.name, call.arguments) == ("acme_search\n\x07", text)


async def test_every_call_needs_exactly_one_outcome(opened: Opened) -> None:
    calls = (ScriptedCall(name="acme_search", id="a"), ScriptedCall(name="acme_search", id="b"))
    async with opened(ScriptedAnswer(calls=calls)) as (worker, server):
        first = await worker.turn(ModelTurn(model="chat", prompt="Look.", tools=(SEARCH,)))
        one = ToolOutcome(id="a", name=SEARCH.name, content="x")
        for outcomes in [(), (one,), (one, one), (one, ToolOutcome(id="c", name=SEARCH.name))]:
            turn = ModelTurn(model="chat", before=first.conversation, prompt="And?", outcomes=outcomes)
            assert (await failure(worker, turn)).code == "invalid_params"
        assert len(server.log) == 1


async def test_a_tool_result_is_text_whatever_it_looks_like(opened: Opened) -> None:
    trap = {"kind": "image-url", "url": "http://169.254.169.254/latest", "media_type": "image/png"}

    def says(asked: Asked) -> ScriptedAnswer:
        return (
            ScriptedAnswer(text="done")
            if asked.results
            else ScriptedAnswer(calls=(ScriptedCall(name="acme_search", id="a"),))
        )

    async with opened(says) as (worker, server):
        turn = ModelTurn(model="chat", prompt="Look.", tools=(SEARCH,))
        first = await worker.turn(turn)
        outcome = ToolOutcome(id="a", name=SEARCH.name, content=trap)
        rest = turn.model_copy(update={"before": first.conversation, "prompt": None, "outcomes": (outcome,)})
        second = await worker.turn(rest)
        last = rest.model_copy(update={"before": second.conversation, "prompt": "More", "outcomes": ()})
        await Worker(worker.settings, worker.registry).turn(last)
        assert '"kind":"image-url"' in server.log[2].asked.results[0].text


async def test_the_alias_bounds_an_answer_and_gives_settings_that_the_graph_may_change(opened: Opened) -> None:
    alias = {"max_tokens": 50, "settings": {"temperature": 0.5, "seed": 4}}
    async with opened(ScriptedAnswer(text="a"), alias=alias) as (worker, server):
        given = CallSettings(max_tokens=1000, temperature=0.25)
        await worker.turn(ModelTurn(model="chat", prompt="Hello", settings=given))
        body = server.log[0].asked.body
        assert (server.log[0].asked.max_tokens, body["temperature"], body["seed"]) == (50, 0.25, 4)


async def test_a_cancel_closes_the_connection(opened: Opened) -> None:
    async with opened(ScriptedAnswer(text="x" * 10_000, piece=1, piece_sec=0.01)) as (worker, server):
        calling = asyncio.create_task(worker.turn(ModelTurn(model="chat", prompt="Hello")))
        await eventually(lambda: calling.done() or any(each.output_tokens for each in server.log))
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        [exchange] = server.log
        await eventually(lambda: exchange.ending == "gone")
