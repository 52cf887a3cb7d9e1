"""Calls of models on a real worker, whose agents run in the agent host: histories, retries, and where no key may be."""

import logging
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ActivityError, ApplicationError

from tests.integration.model_calls import KEY, aliases_of, settings_of
from tests.integration.one_node import OneNode, Order
from wand_orchestrator.activities import builtin
from wand_orchestrator.activities.host.pool import AgentHost
from wand_orchestrator.activities.worker import build_worker
from wand_orchestrator.contract.model_call import ModelReply, ModelTurn
from wand_orchestrator.contract.names import AGENT_MODEL_TOOL, AGENT_MODEL_TURN
from wand_orchestrator.contract.node import AgentResult
from wand_orchestrator.errors import PluginError
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.plugins import Registry
from wand_orchestrator.scripted_models import Asked, ModelServer, ScriptedAnswer
from wand_orchestrator.settings import Settings


def says(asked: Asked) -> ScriptedAnswer:
    if "invalid" in asked.prompt:
        return ScriptedAnswer(fault="key_invalid", echo="Authorization: Bearer {key}; the key is {key}")
    if "broken" in asked.prompt:
        return ScriptedAnswer(text="This is never whole.", break_after=1)
    return ScriptedAnswer(text="Hello to you.")


class Models:
    """A worker of a server of models, and the histories of what it ran."""

    def __init__(self, client: Client, queue: str, server: ModelServer) -> None:
        self.client, self.queue, self.server = client, queue, server
        self.handles: list[WorkflowHandle[Any, AgentResult]] = []

    async def run(self, agent: str, params: dict[str, Any], input: dict[str, Any], attempts: int = 1) -> AgentResult:
        order = Order(agent, {"params": params, "input": input}, attempts=attempts)
        handle = await self.client.start_workflow(OneNode.run, order, id=f"r_{uuid.uuid4().hex}", task_queue=self.queue)
        self.handles.append(handle)
        return await handle.result()

    async def turn(self, prompt: str, attempts: int = 1) -> ModelReply:
        turn = ModelTurn(model="chat", prompt=prompt)
        result = await self.run(AGENT_MODEL_TURN, turn.model_dump(mode="json"), {}, attempts)
        return ModelReply.model_validate(result.output)

    async def failure(self, prompt: str, attempts: int = 1) -> ApplicationError:
        with pytest.raises(WorkflowFailureError) as caught:
            await self.turn(prompt, attempts)
        activity = caught.value.cause
        assert isinstance(activity, ActivityError)
        assert isinstance(activity.cause, ApplicationError)
        return activity.cause

    async def histories(self) -> bytes:
        """Return all that stands in the histories, payloads as they are before they are written as base64."""
        histories = [await handle.fetch_history() for handle in self.handles]
        return b"".join(event.SerializeToString() for history in histories for event in history.events)


@pytest.fixture
async def models(
    temporal_client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Models]:
    caplog.set_level(logging.DEBUG)  # which the agent host takes over
    monkeypatch.setenv("SCRIPTED_KEY", KEY)
    queue = f"q-{uuid.uuid4().hex}"
    async with ModelServer(says, key=KEY).serving() as server:
        settings = settings_of(tmp_path, aliases_of(server), task_queue=queue)
        artifacts = ArtifactStore.open(settings.effective_artifacts_url)
        async with (
            AgentHost.open(settings) as host,
            build_worker(
                temporal_client, settings, Registry.of(builtin), artifacts=artifacts, workflows=[OneNode], host=host
            ),
        ):
            yield Models(temporal_client, queue, server)


async def test_no_key_is_in_a_history_a_file_or_a_log(
    models: Models, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert (await models.turn("Hello")).text == "Hello to you."
    invalid = await models.failure("An invalid key", attempts=3)
    assert (invalid.type, invalid.non_retryable) == ("model_key_invalid", True)
    broken = await models.failure("A broken stream", attempts=2)
    assert broken.type == "model_stream_broken"
    assert [exchange.ending for exchange in models.server.log] == ["answered", "fault", "broken", "broken"]
    assert {exchange.asked.key for exchange in models.server.log} == {KEY}

    histories = await models.histories()
    assert b"Hello to you." in histories
    assert KEY.encode() not in histories
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(".conversations" in path.parts for path in files)
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
    logged = capfd.readouterr()
    assert KEY not in logged.err + logged.out + caplog.text


async def test_a_tool_of_the_registry_is_run(models: Models) -> None:
    url = f"http://127.0.0.1:{models.server.port}/log"
    with pytest.raises(WorkflowFailureError) as caught:
        await models.run(AGENT_MODEL_TOOL, {"tool": "http.fetch"}, {"url": url})
    assert isinstance(caught.value.cause, ActivityError)
    refused = caught.value.cause.cause
    assert isinstance(refused, ApplicationError)
    assert refused.type == "address_refused"


async def test_a_worker_with_a_faulty_file_of_aliases_does_not_start(tmp_path: Path) -> None:
    file = tmp_path / "models.json"
    file.write_text('{"fast": {"model": "openai:x", "base_url": 5}}')
    settings = Settings(_env_file=None, data_dir=tmp_path, models=file)
    with pytest.raises(PluginError, match=r"models\.json: fast\.base_url"):
        async with AgentHost.open(settings):
            pass
