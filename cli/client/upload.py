"""Files of this machine on their way to the API."""

from collections.abc import Sequence
from pathlib import Path

from wand_orchestrator.errors import ConfigurationError


def named_files(given: Sequence[str]) -> dict[str, Path]:
    """The paths of `--file`, each `name=path`, or a path alone, by name. Raises ConfigurationError."""
    files: dict[str, Path] = {}
    for item in given:
        before, mark, after = item.partition("=")
        path = Path(after if mark else item)
        name = before if mark else path.name
        if not path.is_file():
            raise ConfigurationError(f"--file {item}: there is no file {path}")
        if name in files:
            raise ConfigurationError(f"--file {item}: another file is named {name}: give it as NAME=PATH")
        files[name] = path
    return files
