"""Names the providers of models, and the environment variables that each reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class ModelProvider:
    """A provider, by the name that pydantic-ai gives it.

    `keys`: variables of which one holds the key, and `needs_key` says that one has to; none where the provider finds
    its credentials elsewhere. `address`: the variable of its address, and `needs_address` says that there is no other.
    `takes_address`, `takes_key`: an alias may give them.
    """

    keys: tuple[str, ...] = ()
    needs_key: bool = True
    address: str | None = None
    needs_address: bool = False
    takes_address: bool = True
    takes_key: bool = True

    def missing(self, environment: Mapping[str, str]) -> str | None:
        """Return what has to be set before a model of this provider can be called without an alias's address and key;
        None if nothing is missing.
        """
        has_address = self.address is not None and bool(environment.get(self.address))
        if self.needs_address and not has_address:
            return self.address
        if not self.needs_key or has_address or not self.keys or any(map(environment.get, self.keys)):
            return None
        return " or ".join(self.keys)


_OPENAI = ModelProvider(keys=("OPENAI_API_KEY",), address="OPENAI_BASE_URL")

PROVIDERS: Final[Mapping[str, ModelProvider]] = {
    "openai": _OPENAI,
    "openai-chat": _OPENAI,
    "openai-responses": _OPENAI,
    "anthropic": ModelProvider(keys=("ANTHROPIC_API_KEY",)),
    "google": ModelProvider(keys=("GOOGLE_API_KEY", "GEMINI_API_KEY")),
    # AWS has more ways to give credentials than can be looked at from here.
    "bedrock": ModelProvider(takes_address=False, takes_key=False),
    "ollama": ModelProvider(keys=("OLLAMA_API_KEY",), needs_key=False, address="OLLAMA_BASE_URL", needs_address=True),
    "vllm": ModelProvider(keys=("VLLM_API_KEY",), needs_key=False, address="VLLM_BASE_URL", needs_address=True),
    "openrouter": ModelProvider(keys=("OPENROUTER_API_KEY",), takes_address=False),
    "deepseek": ModelProvider(keys=("DEEPSEEK_API_KEY",), takes_address=False),
    "together": ModelProvider(keys=("TOGETHER_API_KEY",), takes_address=False),
    "fireworks": ModelProvider(keys=("FIREWORKS_API_KEY",), takes_address=False),
    "cerebras": ModelProvider(keys=("CEREBRAS_API_KEY",), takes_address=False),
}
"""Every other server that speaks OpenAI's protocol is reached by an alias with an address, as `openai-chat:…`."""

KEY_VARIABLES: Final = frozenset(name for provider in PROVIDERS.values() for name in provider.keys) | {
    "ANTHROPIC_AUTH_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
}
"""Variables whose values must stand in no text that leaves a worker."""
