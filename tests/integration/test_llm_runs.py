"""Conversations through the API, with real provider classes against a server of scripted models."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from temporalio.client import Client

from tests.integration.graph_cases import graph
from tests.integration.service import Json, Service, running_service
from tests.waiting import until
from wand_orchestrator.scripted_models import Asked, ModelServer, ScriptedAnswer, ScriptedCall

DOUBLE = {"tool": "test.double", "name": "double"}


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer(lambda asked: SCRIPTS[asked.model](asked)).serving() as server:
        yield server


SCRIPTS: dict[str, Callable[[Asked], ScriptedAnswer]] = {}
"""By model; each test adds one."""


@pytest.fixture(scope="module")
async def talking(
    temporal_client: Client, server: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    folder = tmp_path_factory.mktemp("llm")
    names = {"openai-chat": server.openai_url, "openai": server.openai_url, "anthropic": server.anthropic_url}
    models = ("ask", "long", "wild", "huge", "answer")
    aliases = {
        f"{provider}-{model}": {"model": f"{provider}:{model}", "base_url": url}
        for provider, url in names.items()
        for model in models
    }
    (folder / "models.json").write_text(json.dumps(aliases))
    async with running_service(temporal_client, folder, models=folder / "models.json") as service:
        yield service


def calling(*calls: tuple[str, Any], then: str = "done") -> Callable[[Asked], ScriptedAnswer]:
    asked_for = tuple(ScriptedCall(name=name, arguments=given) for name, given in calls)

    def says(asked: Asked) -> ScriptedAnswer:
        return ScriptedAnswer(calls=asked_for) if asked.turn == 0 else ScriptedAnswer(text=then)

    return says


def llm(model: str, **params: Any) -> Json:
    return {"id": "write", "type": "agent.llm", "params": {"model": model, **params}}


@pytest.mark.parametrize("provider", ["openai-chat", "openai", "anthropic"])
async def test_a_tool_call_waits_for_a_person_who_edits_it(
    talking: Service, server: ModelServer, provider: str
) -> None:
    SCRIPTS["ask"] = calling(("double", {"number": 4}), ("double", {"number": "x"}), ("triple", {}))
    run_id = await talking.start(graph([llm(f"{provider}-ask", prompt="Go.", tools=[DOUBLE | {"approve": True}])]))
    part = "write[0].double"
    await until(lambda: talking.get(run_id), lambda run: run["waiting_for"] == [f"write: an answer to {part}"])
    detail = (await talking.http.get(f"/runs/{run_id}/nodes/{part}")).json()
    assert (detail["status"], detail["waiting_for"]) == ("waiting", [f"an answer to {part}"])
    [waiting] = [event for event in await talking.events(run_id) if event["type"] == "node.waiting"]
    assert (waiting["data"]["tool"], waiting["data"]["arguments"]) == ("test.double", {"number": 4})
    asked = (await talking.http.get("/approvals")).json()["approvals"]
    assert [(each["run_id"], each["node"]) for each in asked if each["run_id"] == run_id] == [(run_id, part)]

    url = f"/runs/{run_id}/nodes/{part}/respond"
    misfit = await talking.http.post(url, json={"answer": {"approved": True, "arguments": {"number": "many"}}})
    assert (misfit.status_code, misfit.json()["code"]) == (422, "answer_invalid")
    taken = await talking.http.post(url, json={"answer": {"approved": True, "arguments": {"number": 5}}, "by": "Ada"})
    assert taken.status_code == 200, taken.text
    run = await talking.ended(run_id)
    assert run["result"]["outputs"] == {"write": {"text": "done"}}
    results = [said.text for said in server.log[-1].asked.results]
    assert json.loads(results[0]) == {
        "note": "a person changed the arguments of this call",
        "arguments": {"number": 5},
        "result": 10,
    }
    assert "invalid_arguments: `number` must be a whole number" in results[1]
    assert "unknown_tool: there is no tool 'triple': there are double" in results[2]


async def test_a_link_answers_a_tool_call_without_the_key_of_the_api(talking: Service) -> None:
    SCRIPTS["ask"] = calling(("double", {"number": 4}))
    run_id = await talking.start(graph([llm("openai-chat-ask", tools=[DOUBLE | {"approve": True}])]))
    asks = ["write: an answer to write[0].double"]
    await until(lambda: talking.get(run_id), lambda run: run["waiting_for"] == asks)
    made = await talking.http.post(f"/runs/{run_id}/nodes/write[0].double/link", json={})
    assert made.status_code == 201, made.text
    page = await talking.http.get(made.json()["url"], headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "May the model call test.double?" in page.text
    answered = await talking.http.post(made.json()["url"], json={"answer": {"approved": False, "reason": "no"}})
    assert answered.status_code == 200, answered.text
    assert (await talking.ended(run_id))["status"] == "succeeded"


@pytest.mark.parametrize("provider", ["openai-chat", "anthropic"])
async def test_a_structured_answer_that_does_not_fit_is_asked_for_again(
    talking: Service, server: ModelServer, provider: str
) -> None:
    def says(asked: Asked) -> ScriptedAnswer:
        return ScriptedAnswer(text='{"n": "x"}' if asked.turn == 0 else '{"n": 3}')

    SCRIPTS["answer"] = says
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    run = await talking.run(graph([llm(f"{provider}-answer", output=schema)]))
    assert run["status"] == "succeeded", run["error"]
    assert run["result"]["outputs"] == {"write": {"n": 3}}
    assert "`n` must be a whole number" in server.log[-1].asked.last


async def test_a_retry_goes_on_with_the_conversation_of_the_run_before(talking: Service, server: ModelServer) -> None:
    is_broken = True

    def says(asked: Asked) -> ScriptedAnswer:
        if asked.turn == 0:
            return ScriptedAnswer(calls=(ScriptedCall(name="double", arguments={"number": 4}),))
        return ScriptedAnswer(fault="bad_request") if is_broken else ScriptedAnswer(text="done")

    SCRIPTS["ask"] = says
    inner = graph([llm("anthropic-ask", prompt="Go.", tools=[DOUBLE])]) | {"name": "talk"}
    assert (await talking.http.post("/graphs", json=inner)).status_code == 201
    nodes = [
        llm("openai-chat-ask", prompt="Go.", tools=[DOUBLE]),
        {"id": "g", "type": "flow.graph", "params": {"graph": "talk"}},
    ]
    failed = await talking.run(graph(nodes, options={"on_failure": "continue"}))
    assert failed["status"] == "failed"
    is_broken, asked = False, len(server.log)
    answer = await talking.http.post(f"/runs/{failed['run_id']}/retry", json={})
    assert answer.status_code == 201, answer.text
    run = await talking.ended(answer.json()["run_id"])
    assert run["result"]["outputs"] == {"write": {"text": "done"}, "g": {"write": {"text": "done"}}}
    [again] = [each.asked for each in server.log[asked:] if each.asked.protocol == "chat"]
    assert ([said.role for said in again.said], again.last) == (["user", "call", "result"], "8")


@pytest.mark.parametrize(
    ("model", "answer", "code"),
    [
        ("huge", ScriptedAnswer(text="x" * 10_000_000, piece=1_000_000), "model_reply_too_large"),
        (
            "wild",
            ScriptedAnswer(calls=(ScriptedCall(name="double", arguments={"number": 1}),) * 1000),
            "too_many_calls",
        ),
        ("wild", ScriptedAnswer(calls=(ScriptedCall(name="a\u0000\u001b[2J", arguments="{"),)), "turns_exhausted"),
        ("answer", ScriptedAnswer(text="The end is mis", finish="length"), "answer_cut_off"),
    ],
)
async def test_a_hostile_model_ends_in_a_clear_failure(
    talking: Service, model: str, answer: ScriptedAnswer, code: str
) -> None:
    SCRIPTS[model] = lambda _: answer
    run = await talking.run(
        graph([llm(f"openai-chat-{model}", tools=[DOUBLE], max_turns=3)], options={"max_retries": 0})
    )
    assert (run["status"], run["error"]["code"]) == ("failed", code)


async def test_history_and_conversation_grow_with_the_turns_and_not_with_their_square(talking: Service) -> None:
    few, many = await bytes_of(talking, turns=6), await bytes_of(talking, turns=12)
    assert many[0] < 2.2 * few[0]
    assert many[1] < 2.2 * few[1]


async def bytes_of(service: Service, turns: int) -> tuple[int, int]:
    """Return the bytes of the history, and of the files, of a run of so many turns of 20 KB."""
    call = ScriptedCall(name="say", arguments={"params": {"value": "z" * 10_000}})

    def says(asked: Asked) -> ScriptedAnswer:
        more = asked.turn < turns - 1
        return ScriptedAnswer(text="y" * 10_000, piece=10_000, calls=(call,) if more else ())

    SCRIPTS["long"] = says
    node = llm("openai-chat-long", tools=[{"agent": "test.emit", "name": "say"}], max_turns=turns)
    run_id = await service.start(graph([node]))
    run = await service.ended(run_id)
    assert run["status"] == "succeeded", run["error"]
    description = await service.client.get_workflow_handle(run_id).describe()
    history = description.raw_description.workflow_execution_info.history_size_bytes
    files = service.settings.data_dir.rglob(f"{run_id}/**/*")
    return history, sum(path.stat().st_size for path in files if path.is_file())
