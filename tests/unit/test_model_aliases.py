"""The file of aliases is read strictly, and its faults name the alias and the key."""

import json
from pathlib import Path
from typing import Any

import pytest

from wand_orchestrator.errors import ConfigurationError
from wand_orchestrator.models.model_aliases import load_aliases
from wand_orchestrator.models.model_catalog import ModelCatalog
from wand_orchestrator.models.model_providers import PROVIDERS
from wand_orchestrator.settings import Settings

FAST = {
    "model": "openai-chat:gpt-5-mini",
    "base_url": "http://models.internal/v1",
    "api_key_env": "FAST_KEY",
    "usd_per_million": {"input": 1, "output": 4.5, "cached": 0.1},
    "max_tokens": 4000,
    "context_tokens": 128_000,
    "timeout_sec": 60,
    "settings": {"temperature": 0, "extra_body": {"top_a": 1}},
}


def settings_of(folder: Path, text: str) -> Settings:
    path = folder / "models.json"
    path.write_text(text)
    return Settings(_env_file=None, models=path)


def catalog(folder: Path, environment: dict[str, str], **aliases: Any) -> ModelCatalog:
    return ModelCatalog(load_aliases(settings_of(folder, json.dumps(aliases))), environment)


def test_an_alias_is_read_with_all_of_its_keys(tmp_path: Path) -> None:
    alias = load_aliases(settings_of(tmp_path, json.dumps({"fast": FAST})))["fast"]
    assert alias.provider == "openai-chat"
    assert alias.usd_per_million is not None
    assert alias.usd_per_million.model_dump() == FAST["usd_per_million"]
    assert alias.settings.extra_body == {"top_a": 1}


def test_without_the_setting_there_are_no_aliases() -> None:
    assert load_aliases(Settings(_env_file=None)) == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is no JSON"),
        ("[]", "holds no object"),
        ('{"a b": {"model": "openai:x"}}', "'a b' is no name of an alias"),
        ('{"a:b": {"model": "openai:x"}}', "'a:b' is no name of an alias"),
        ('{"fast": {}}', "fast.model: Field required"),
        ('{"fast": {"model": "gpt-5"}}', "fast.model: is no model"),
        ('{"fast": {"model": "opnai:gpt-5"}}', "fast.model: names the unknown provider 'opnai'"),
        ('{"fast": {"model": "openai:x", "api_key": "sk-1234567"}}', "fast.api_key: Extra inputs are not permitted"),
        ('{"fast": {"model": "openai:x", "api_key_env": "sk-1234567"}}', "fast.api_key_env: is no name of an env"),
        ('{"fast": {"model": "openai:x", "base_url": "models"}}', "fast.base_url: is no address"),
        ('{"fast": {"model": "openai:x", "base_url": "http://u:secret-1@m/v1"}}', "fast.base_url: holds credentials"),
        ('{"fast": {"model": "deepseek:x", "base_url": "http://m/v1"}}', "fast: base_url: deepseek has one address"),
        ('{"fast": {"model": "bedrock:x", "api_key_env": "K"}}', "fast: api_key_env: bedrock"),
        ('{"fast": {"model": "openai:x", "usd_per_million": {"input": "1", "output": 1}}}', "usd_per_million.input"),
        ('{"fast": {"model": "openai:x", "usd_per_million": {"input": -1, "output": 1}}}', "usd_per_million.input"),
        ('{"fast": {"model": "openai:x", "settings": {"temprature": 1}}}', "fast.settings.temprature"),
    ],
)
def test_a_fault_names_file_alias_and_key_and_no_value(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_aliases(settings_of(tmp_path, text))
    assert told in caught.value.message
    assert "models.json" in caught.value.message
    assert "sk-1234567" not in caught.value.message
    assert "secret-1" not in caught.value.message


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"missing\.json cannot be read"):
        load_aliases(Settings(_env_file=None, models=tmp_path / "missing.json"))


@pytest.mark.parametrize(
    ("model", "code", "hint"),
    [
        ("fats", "unknown_model_alias", "did you mean 'fast'"),
        ("opnai:gpt-5", "unknown_provider", "did you mean 'openai'"),
        ("openai:", "unknown_provider", "names no model"),
        ("openai:gpt-5", "model_key_missing", "OPENAI_API_KEY"),
        ("google:gemini-3", "model_key_missing", "GOOGLE_API_KEY or GEMINI_API_KEY"),
        ("ollama:llama3", "model_key_missing", "OLLAMA_BASE_URL"),
        ("fast", "model_key_missing", "FAST_KEY"),
    ],
)
def test_what_cannot_be_called_is_named_with_what_mends_it(tmp_path: Path, model: str, code: str, hint: str) -> None:
    fault = catalog(tmp_path, {}, fast=FAST).fault(model)
    assert fault is not None
    assert fault.code == code
    assert hint in fault.message
    assert fault.of_environment == (code == "model_key_missing")


@pytest.mark.parametrize(
    ("model", "environment"),
    [
        ("fast", {"FAST_KEY": "k"}),
        ("open", {}),
        ("openai:gpt-5", {"OPENAI_API_KEY": "k"}),
        ("openai-chat:any", {"OPENAI_BASE_URL": "http://m/v1"}),
        ("google:gemini-3", {"GEMINI_API_KEY": "k"}),
        ("vllm:qwen", {"VLLM_BASE_URL": "http://m/v1"}),
        ("bedrock:anthropic.claude", {}),
    ],
)
def test_what_can_be_called_has_no_fault(tmp_path: Path, model: str, environment: dict[str, str]) -> None:
    open_alias = {"model": "openai-chat:x", "base_url": "http://m/v1"}
    assert catalog(tmp_path, environment, fast=FAST, open=open_alias).fault(model) is None


def test_the_keys_of_all_providers_and_aliases_are_secrets(tmp_path: Path) -> None:
    named = {name: f"secret of {name}" for provider in PROVIDERS.values() for name in provider.keys}
    found = catalog(tmp_path, {**named, "FAST_KEY": "fast", "PATH": "/bin"}, fast=FAST).secrets()
    assert found == {*named.values(), "fast"}


def test_variables_for_agents_count_behind_those_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "agents.env"
    file.write_text("MODEL_TEST_A=file\nMODEL_TEST_B=file\n")
    monkeypatch.setenv("MODEL_TEST_A", "process")
    known = ModelCatalog.load(Settings(_env_file=None, agent_env_file=file)).environment
    assert (known["MODEL_TEST_A"], known["MODEL_TEST_B"]) == ("process", "file")
