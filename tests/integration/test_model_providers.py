"""Every provider is built with its own library, asks once, and is given no key of another one."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.integration.model_calls import Worker, settings_of
from tests.integration.web_server import WebServer, response, web_server
from wand_orchestrator import AgentError
from wand_orchestrator.activities.models import model_agents
from wand_orchestrator.contract.model_call import DescribeModel, ModelDescription, ModelTurn, Price
from wand_orchestrator.contract.names import AGENT_MODEL_DESCRIBE
from wand_orchestrator.models.model_providers import KEY_VARIABLES, PROVIDERS
from wand_orchestrator.plugins import Registry
from wand_orchestrator.scripted_models import ModelServer, ScriptedAnswer

REAL_KEY = "sk-real-key-of-the-provider"


@pytest.fixture(autouse=True)
def without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = {known.address for known in PROVIDERS.values() if known.address is not None}
    for name in (*KEY_VARIABLES, *addresses, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"):
        monkeypatch.delenv(name, raising=False)


def worker_of(folder: Path, aliases: dict[str, Any]) -> Worker:
    return Worker(settings_of(folder, aliases), Registry.of(model_agents))


async def info_of(worker: Worker, model: str) -> Any:
    output = await worker.run(AGENT_MODEL_DESCRIBE, DescribeModel(model=model).model_dump(mode="json"))
    return ModelDescription.model_validate(output).model


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_model_of_every_provider_is_built_and_described(
    provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = PROVIDERS[provider]
    for name in (*known.keys[:1], *([known.address] if known.needs_address and known.address else [])):
        monkeypatch.setenv(name, "http://127.0.0.1:9/v1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    info = await info_of(worker_of(tmp_path, {}), f"{provider}:vendor/some-model")
    assert info.model == f"{provider}:vendor/some-model"
    assert info.price is None


@pytest.mark.parametrize(
    ("model", "key"),
    [
        ("openai:gpt-5-mini", "OPENAI_API_KEY"),
        ("anthropic:claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("google:gemini-2.5-flash", "GOOGLE_API_KEY"),
        ("bedrock:us.anthropic.claude-sonnet-4-5-20250929-v1:0", "AWS_BEARER_TOKEN_BEDROCK"),
    ],
)
async def test_a_price_is_known_offline(model: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(key, REAL_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    info = await info_of(worker_of(tmp_path, {}), model)
    assert info.price is not None
    assert 0 < info.price.input < info.price.output < 100
    assert (info.max_output_tokens is not None) == ("claude" in model)


async def test_the_price_of_an_alias_wins_and_another_address_has_none(tmp_path: Path) -> None:
    elsewhere = {"model": "openai-chat:gpt-5-mini", "base_url": "http://127.0.0.1:9/v1"}
    priced = {**elsewhere, "usd_per_million": {"input": 7, "output": 8}, "max_tokens": 5, "context_tokens": 6}
    worker = worker_of(tmp_path, {"priced": priced, "unpriced": elsewhere})
    assert (await info_of(worker, "unpriced")).price is None
    info = await info_of(worker, "priced")
    assert (info.price, info.max_output_tokens, info.context_tokens) == (Price(input=7, output=8), 5, 6)
    assert info.model == "openai-chat:gpt-5-mini"


@pytest.mark.parametrize("price", [None, {"input": 1, "output": 1}])
async def test_an_unknown_price_is_null_and_never_nothing(tmp_path: Path, price: Any) -> None:
    async with ModelServer(lambda _: ScriptedAnswer(text="Hello")).serving() as server:
        alias = {"model": "openai-chat:gpt-5-mini", "base_url": server.openai_url, "usd_per_million": price}
        reply = await worker_of(tmp_path, {"a": alias}).turn(ModelTurn(model="a", prompt="Hi"))
        assert (reply.usage.usd is None) == (price is None)
        assert reply.usage.input_tokens > 0


@pytest.mark.parametrize("model", ["openai:x", "openai-chat:x", "anthropic:x"])
async def test_a_server_of_an_alias_is_sent_no_key_but_its_own(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.setenv(name, REAL_KEY)
    async with web_server() as server:
        server.answers = {path: response(500) for path in ("/chat/completions", "/responses", "/v1/messages")}
        worker = worker_of(tmp_path, {"mine": {"model": model, "base_url": server.url("")}})
        with pytest.raises(AgentError):
            await worker.turn(ModelTurn(model="mine", prompt="Hi"))
        assert len(server.heard) == 1
        assert REAL_KEY not in server.heard[0]


@pytest.fixture
def addressed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the model of a provider that is served by a web server."""

    def model_at(provider: str, server: WebServer) -> tuple[str, dict[str, Any]]:
        monkeypatch.setenv("VLLM_BASE_URL", server.url("/v1"))
        monkeypatch.setenv("OLLAMA_BASE_URL", server.url("/v1"))
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url(""))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", REAL_KEY)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        if provider != "google":
            return f"{provider}:m", {}
        return "g", {"g": {"model": "google:gemini-2.5-flash", "base_url": server.url("")}}

    return model_at


@pytest.mark.parametrize("provider", ["google", "bedrock", "ollama", "vllm"])
async def test_a_provider_that_fails_is_asked_once(provider: str, tmp_path: Path, addressed: Any) -> None:
    async with web_server() as server:
        answers = {"/v1/chat/completions", "/model/m/converse-stream"}
        answers.add("/v1beta/models/gemini-2.5-flash:streamGenerateContent")
        server.answers = {path: response(503, b"{}", Retry_After="3") for path in answers}
        model, aliases = addressed(provider, server)
        with pytest.raises(AgentError) as caught:
            await worker_of(tmp_path, aliases).turn(ModelTurn(model=model, prompt="Hi"))
        assert (caught.value.code, caught.value.retryable) == ("model_overloaded", True)
        assert len(server.heard) == 1


async def test_a_region_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(AgentError, match="region") as caught:
        await info_of(worker_of(tmp_path, {}), "bedrock:m")
    assert (caught.value.code, caught.value.retryable) == ("model_unusable", False)


@pytest.mark.parametrize(
    ("model", "code"), [("nothing", "unknown_model"), ("nobody:m", "unknown_model"), ("openai:m", "model_key_missing")]
)
async def test_a_model_that_the_worker_cannot_call_is_a_failure_that_no_retry_mends(
    model: str, code: str, tmp_path: Path
) -> None:
    with pytest.raises(AgentError) as caught:
        await info_of(worker_of(tmp_path, {}), model)
    assert (caught.value.code, caught.value.retryable) == (code, False)


async def test_calls_side_by_side_share_a_client_and_leave_none_open(tmp_path: Path) -> None:
    async with ModelServer(lambda asked: ScriptedAnswer(text=asked.last, piece=1, piece_sec=0.001)).serving() as server:
        worker = worker_of(tmp_path, {"a": {"model": "openai-chat:m", "base_url": server.openai_url}})
        turns = [ModelTurn(model="a", prompt=f"Number {number}") for number in range(20)]
        for _ in range(2):
            replies = await asyncio.gather(*(worker.turn(turn) for turn in turns))
            assert [reply.text for reply in replies] == [turn.prompt for turn in turns]
        model = await worker.models.model("a")
        assert model.provider is not None
        client = model.provider.client
        assert client.is_closed()
        async with worker.models.clients.using(model):
            assert not client.is_closed()
        assert not client.is_closed()  # a later turn finds it open
        await worker.models.clients.close()
        assert client.is_closed()
