"""The settings of a command: its flags win over the environment, which wins over `.env`."""

from typing import Any

from wand_orchestrator.settings import Settings


def settings_with(**flags: Any) -> Settings:
    """Return the settings with these flags; None means that a flag was not given."""
    return Settings(**{name: value for name, value in flags.items() if value is not None})
