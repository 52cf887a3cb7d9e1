"""Reads the aliases of models from the JSON file that `WAND_MODELS` names.

    {"fast": {"model": "openai-chat:gpt-5-mini", "base_url": "http://models.internal/v1", "api_key_env": "FAST_KEY",
              "usd_per_million": {"input": 1.0, "output": 4.0, "cached": 0.1},
              "max_tokens": 4000, "context_tokens": 128000, "timeout_sec": 60, "settings": {"temperature": 0}}}

A graph names an alias, and never learns or says what is behind it.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator
from pydantic_core import from_json

from wand_orchestrator.contract.misfits import misfits
from wand_orchestrator.contract.model_call import CallSettings, Price
from wand_orchestrator.errors import ConfigurationError
from wand_orchestrator.models.model_providers import PROVIDERS
from wand_orchestrator.settings import Settings

_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_FORM = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class AliasPrice(Price):
    """The price of an alias's tokens, whose file is read strictly."""

    model_config = _FORM


class AliasSettings(CallSettings):
    """Settings that an alias adds to every call. `extra_body`: what its server takes besides."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    extra_body: dict[str, Any] | None = None


class ModelAlias(BaseModel):
    """What an alias stands for. `max_tokens`: of an answer, at most; `timeout_sec`: the longest silence of its server.

    With `base_url`, only the key in `api_key_env` is sent: never that of the provider's usual variable, which belongs
    to another server.
    """

    model_config = _FORM

    model: str
    base_url: str | None = None
    api_key_env: str | None = None
    usd_per_million: AliasPrice | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    context_tokens: Annotated[int, Field(ge=1)] | None = None
    timeout_sec: Annotated[float, Field(gt=0, le=3600)] | None = None
    settings: AliasSettings = Field(default_factory=AliasSettings)

    @field_validator("model")
    @classmethod
    def _names_a_model(cls, value: str) -> str:
        """Raises ValueError."""
        provider, found, name = value.partition(":")
        if not found or not name:
            raise ValueError("is no model: write provider:name, such as openai-chat:gpt-5-mini")
        if provider not in PROVIDERS:
            raise ValueError(f"names the unknown provider {provider!r}: there are {', '.join(PROVIDERS)}")
        return value

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        """Raises ValueError."""
        if value is None:
            return None
        url = urlsplit(value)
        if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
            raise ValueError("is no address of a server, such as https://models.example.com/v1")
        if url.username is not None or url.password is not None:
            raise ValueError("holds credentials, which would stand in logs: name a variable in api_key_env")
        return value

    @field_validator("api_key_env")
    @classmethod
    def _is_a_variable(cls, value: str | None) -> str | None:
        """Raises ValueError."""
        if value is not None and not _VARIABLE.fullmatch(value):
            raise ValueError("is no name of an environment variable; the key itself must not stand in this file")
        return value

    @model_validator(mode="after")
    def _address_is_of_use(self) -> "ModelAlias":
        """Raises ValueError."""
        if self.base_url is not None and not PROVIDERS[self.provider].takes_address:
            raise ValueError(f"base_url: {self.provider} has one address; use openai-chat:… for another server")
        if self.api_key_env is not None and not PROVIDERS[self.provider].takes_key:
            raise ValueError(f"api_key_env: {self.provider} finds its credentials by itself, as AWS's tools do")
        return self

    @property
    def provider(self) -> str:
        return self.model.partition(":")[0]


_ALIASES: TypeAdapter[dict[str, ModelAlias]] = TypeAdapter(dict[str, ModelAlias])


def load_aliases(settings: Settings) -> Mapping[str, ModelAlias]:
    """Return the aliases by name; none without `WAND_MODELS`. Raises ConfigurationError, which names alias and key."""
    if settings.models is None:
        return MappingProxyType({})
    return MappingProxyType(_read(settings.models))


def _read(path: Path) -> dict[str, ModelAlias]:
    try:
        text = path.read_bytes()
        document = from_json(text)
    except OSError as error:
        raise ConfigurationError(f"WAND_MODELS: {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"WAND_MODELS: {path} is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"WAND_MODELS: {path} holds no object of aliases")
    for alias in document:
        if not _ALIAS.fullmatch(alias):
            reason = "letters, digits, '.', '-' and '_', beginning with a letter or a digit, at most 100"
            raise ConfigurationError(f"WAND_MODELS: {path}: {alias[:120]!r} is no name of an alias: {reason}")
    try:
        return _ALIASES.validate_json(text)
    except ValidationError as error:
        told = "; ".join(f"{field}: {message}" for field, message in misfits(error))
        raise ConfigurationError(f"WAND_MODELS: {path}: {told}") from None
