"""Reads the variables that a worker has for its agents and its MCP servers."""

import os

from wand_orchestrator.settings import Settings


def agent_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of this process, and what `WAND_AGENT_ENV_FILE` adds to it."""
    return {**_from_file(settings), **os.environ}


def _from_file(settings: Settings) -> dict[str, str]:
    if settings.agent_env_file is None:
        return {}
    from dotenv import dotenv_values

    return {name: value for name, value in dotenv_values(settings.agent_env_file).items() if value is not None}
