"""`agent.llm` with real libraries of providers: from the API to the server of the model and back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from tests.integration.model_calls import KEY, aliases_of, settings_of
from tests.integration.page_server import serve_page
from tests.integration.service import Service, running_service
from tests.waiting import eventually
from wand_orchestrator.errors import ConfigurationError
from wand_orchestrator.scripted_models import Asked, ModelServer, ScriptedAnswer, ScriptedCall


@dataclass
class Thinking:
    service: Service
    server: ModelServer
    page: str
    folder: Path

    def graph(self, model: str, prompt: str, **params: Any) -> dict[str, Any]:
        node = {
            "id": "write",
            "type": "agent.llm",
            "params": {"model": model, "prompt": prompt, "tools": ["http.fetch"], **params},
            "timeout_sec": 30,
            "retry": {"initial_interval_sec": 0.01},
            "retries": 2,
        }
        return {"name": "thinking", "nodes": [node], "edges": []}

    def says(self, asked: Asked) -> ScriptedAnswer:
        """Fetch the page, fail once in a way that passes, and tell what was on the page."""
        if "key" in asked.prompt:
            return ScriptedAnswer(fault="key_invalid", echo="the key {key} is wrong")
        if not asked.results:
            return ScriptedAnswer(calls=(ScriptedCall(name="http_fetch", arguments={"url": self.page}),))
        if all(exchange.ending != "broken" for exchange in self.server.log):
            return ScriptedAnswer(text="This never comes to its end.", break_after=1)
        return ScriptedAnswer(text="Wands are sticks." if "sticks" in asked.last else "I do not know.")

    @property
    def conversations(self) -> list[Path]:
        return [path for path in (self.folder / "artifacts").rglob("*.json") if ".conversations" in path.parts]


@pytest.fixture
async def thinking(temporal_client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Thinking]:
    monkeypatch.setenv("SCRIPTED_KEY", KEY)
    async with (
        serve_page("All wands are sticks.", "text/plain") as page,
        ModelServer(lambda asked: opened.says(asked), key=KEY).serving() as server,
    ):
        models = settings_of(tmp_path, aliases_of(server)).models
        async with running_service(temporal_client, tmp_path, models=models, fetch_allow="127.0.0.1") as service:
            opened = Thinking(service, server, page, tmp_path)
            yield opened


@pytest.mark.parametrize("model", ["chat", "responses", "anthropic"])
async def test_a_model_that_calls_a_tool_answers_and_a_broken_stream_is_made_up_for(
    thinking: Thinking, model: str
) -> None:
    run = await thinking.service.run(thinking.graph(model, "What are wands?"))
    assert run["status"] == "succeeded", run
    assert run["result"]["outputs"]["write"]["text"] == "Wands are sticks."
    assert [exchange.ending for exchange in thinking.server.log] == ["answered", "broken", "answered"]
    first, broken, again = [exchange.asked for exchange in thinking.server.log]
    assert broken.said == again.said
    assert [said.role for said in again.said] == ["user", "call", "result"]
    assert first.said == again.said[:1]


async def test_no_key_stands_anywhere_and_what_was_said_goes_with_the_run(
    thinking: Thinking, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    service = thinking.service
    told = await service.run(thinking.graph("chat", "What are wands?"))
    failed = await service.run(thinking.graph("anthropic", "Is the key right?"))
    assert (failed["status"], failed["error"]["code"]) == ("failed", "model_key_invalid")
    assert thinking.conversations

    runs = [told["run_id"], failed["run_id"]]
    histories = [await service.client.get_workflow_handle(run_id).fetch_history() for run_id in runs]
    stored = b"".join(event.SerializeToString() for history in histories for event in history.events)
    assert b"Wands are sticks." in stored
    assert KEY.encode() not in stored
    for run_id in runs:
        for path in (f"/runs/{run_id}", f"/runs/{run_id}/logs", f"/runs/{run_id}/nodes/write"):
            assert KEY not in (await service.http.get(path)).text
    files = [path for path in thinking.folder.rglob("*") if path.is_file()]
    assert {"wand.db", "models.json"} <= {path.name for path in files}
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
    logged = capfd.readouterr()
    assert KEY not in logged.out + logged.err + caplog.text

    for run_id in runs:
        assert (await service.http.delete(f"/runs/{run_id}")).status_code in (202, 204)
    await eventually(lambda: not thinking.conversations)


async def test_the_answer_is_seen_as_it_comes_and_a_broken_one_begins_anew(thinking: Thinking) -> None:
    run_id = await thinking.service.start(thinking.graph("chat", "What are wands?"))
    shown, seen = "", []
    async for event in thinking.service.stream(run_id):
        if event["type"] == "node.delta":
            shown = event["text"] if event["offset"] == 0 else shown + event["text"]
            seen.append((event["node"], event["attempt"]))
    run = await thinking.service.get(run_id)
    assert shown == run["result"]["outputs"]["write"]["text"]
    assert sorted(set(seen)) == [("write[1]", 1), ("write[1]", 2)]


async def test_an_api_with_a_faulty_file_of_aliases_does_not_start(temporal_client: Client, tmp_path: Path) -> None:
    models = settings_of(tmp_path, {"fast": {"model": "openai:x", "adress": "http://m"}}).models
    with pytest.raises(ConfigurationError, match=r"models\.json: fast\.adress"):
        async with running_service(temporal_client, tmp_path, models=models, worker=False):
            pass
