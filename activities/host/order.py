"""Orders: the messages by which a worker tells an agent host of itself and of an attempt."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from wand_orchestrator.contract.node import (
    AgentCall,
)
from wand_orchestrator.settings import Settings

KEPT_BACK = frozenset({"api_key", "database_url", "webhook_secret"})
"""Settings that no agent needs, and that agents must not find in their process: neither here nor in its environment."""


class Order(BaseModel):
    """One attempt of a node."""

    model_config = ConfigDict(frozen=True)

    agent: str
    run_id: str
    node_id: str
    number: int
    idempotency_key: str
    call: AgentCall


def settings_for_agents(settings: Settings) -> dict[str, Any]:
    """Return the settings as JSON, without `host`, which only an API key allows to be any address."""
    return settings.model_dump(mode="json", exclude={*KEPT_BACK, "host"})


def settings_from(given: dict[str, Any]) -> Settings:
    return Settings(_env_file=None, **given)


def environment_for_agents(environment: dict[str, str]) -> dict[str, str]:
    """Return the worker's environment without what agents must not see."""
    kept_back = {f"WAND_{name}".upper() for name in (*KEPT_BACK, "host")}
    return {name: value for name, value in environment.items() if name.upper() not in kept_back}
