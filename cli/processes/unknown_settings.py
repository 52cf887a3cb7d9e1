"""Names variables that look like settings of Wand and are none: a misspelt one would silently have no effect."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from dotenv import dotenv_values

from wand_orchestrator.settings import Settings
from wand_orchestrator.validation.suggestions import Near

PREFIX = "WAND_"
OF_COMMANDS = ("url", "hook_secret")
"""Read by commands themselves, as the variables of their options."""

log = logging.getLogger("wand")


def warn_of_unknown_settings() -> None:
    """Log one line for each unknown setting of the environment and of `.env`."""
    for line in unknown_settings(Path(str(Settings.model_config["env_file"]))):
        log.warning("%s", line)


def unknown_settings(env_file: Path) -> Iterator[str]:
    """Return a sentence for each unknown setting, without its value, which may be a secret."""
    known = [f"{PREFIX}{name.upper()}" for name in (*Settings.model_fields, *OF_COMMANDS)]
    near = Near()
    for place, names in (("the environment", list(os.environ)), (str(env_file), list(dotenv_values(env_file)))):
        for name in sorted(names):
            if name.upper().startswith(PREFIX) and name.upper() not in known:
                yield f"{name}, set in {place}, is no setting of Wand{near.hint('', name.upper(), known)}"
