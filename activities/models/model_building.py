"""Builds the model of a name: its provider, its address and its key.

Keys are given to providers explicitly. Left to themselves, their libraries take a key from the environment, also one
that belongs to another server than the alias names.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, infer_model
from pydantic_ai.providers import Provider, infer_provider_class

from wand_orchestrator.activities.models.model_http import ModelHttpClient
from wand_orchestrator.errors import AgentError
from wand_orchestrator.models.model_catalog import ModelCatalog, NamedModel
from wand_orchestrator.models.model_providers import PROVIDERS
from wand_orchestrator.settings import Settings

AWS_CONNECT_SEC = 10

NO_KEY = "no-key"
"""Given to a provider's library for a server without a key, as it insists on one."""

BEDROCK = "bedrock"

_QUIET = (
    "openai",
    "anthropic",
    "google_genai",
    "botocore",
    "boto3",
    "urllib3",
    "httpx",
    "httpx2",
    "httpcore",
    "httpcore2",
)
"""Libraries that log a line for every request, and with more detail addresses and headers."""


def build_model(named: NamedModel, catalog: ModelCatalog, settings: Settings) -> Model:
    """Return the model. Raises AgentError `model_unusable`, which no retry mends."""
    from botocore.exceptions import BotoCoreError

    for library in _QUIET:
        logging.getLogger(library).setLevel(logging.WARNING)
    try:
        return _told_of_ends(
            infer_model(named.model, provider_factory=lambda _: _provider(named, catalog, settings)), named.name
        )
    except (UserError, ImportError, ValueError, BotoCoreError) as error:
        message = f"the model {named.model!r} cannot be used on this worker: {error}"
        raise AgentError(message, code="model_unusable", retryable=False) from None


def _told_of_ends(model: Model, name: str) -> Model:
    """Return the model so that a stream without a reason for its end counts as broken off. The library takes it for a
    whole reply otherwise, also where a connection was closed in the middle of one.
    """
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.profiles.openai import OpenAIModelProfile

    if not isinstance(model, OpenAIChatModel) or model.provider is None:
        return model
    profile = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
    return type(model)(name, provider=model.provider, profile=profile)


def silence_sec(named: NamedModel, settings: Settings) -> float:
    """Return the longest silence of the model's server, in seconds."""
    alias = named.alias
    return settings.model_timeout_sec if alias is None or alias.timeout_sec is None else alias.timeout_sec


def _provider(named: NamedModel, catalog: ModelCatalog, settings: Settings) -> Provider[Any]:
    if named.provider == BEDROCK:
        return _bedrock(silence_sec(named, settings))

    def new_client() -> ModelHttpClient:
        return ModelHttpClient(settings.max_model_reply_bytes)

    client = new_client()
    kind: Callable[..., Provider[Any]] = infer_provider_class(named.provider)
    provider = kind(**_address_and_key(named, catalog.environment), http_client=client)
    # As with a client that a provider makes itself: it closes this one, and makes another when it is used again.
    provider._own_http_client, provider._http_client_factory = client, new_client
    return provider


def _address_and_key(named: NamedModel, environment: Mapping[str, str]) -> dict[str, str]:
    known, alias = PROVIDERS[named.provider], named.alias
    given = {}
    if alias is not None and alias.base_url is not None:
        given["base_url"] = alias.base_url
    elif known.address is not None and (address := environment.get(known.address)):
        given["base_url"] = address
    if alias is not None and (alias.base_url is not None or alias.api_key_env is not None):
        given["api_key"] = environment.get(alias.api_key_env or "") or NO_KEY
    else:
        given["api_key"] = next(filter(None, map(environment.get, known.keys)), NO_KEY)
    return given


def _bedrock(silence: float) -> Provider[Any]:
    """Return the provider with the credentials and the region that AWS's own library finds, and without its retries."""
    import boto3
    from botocore.config import Config
    from pydantic_ai.providers.bedrock import BedrockProvider

    once = Config(retries={"total_max_attempts": 1}, read_timeout=silence, connect_timeout=AWS_CONNECT_SEC)
    return BedrockProvider(bedrock_client=boto3.Session().client("bedrock-runtime", config=once))
