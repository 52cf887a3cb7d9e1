"""Settings as a command sees them: its flags over the environment over `.env`."""

from typing import Any

from wand_orchestrator.settings import Settings


def settings_with(**flags: Any) -> Settings:
    """None: the flag was not given."""
    return Settings(**{name: value for name, value in flags.items() if value is not None})
