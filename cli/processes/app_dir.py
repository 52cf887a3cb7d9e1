"""Makes plug-ins of a project that is not installed importable from its folder, as uvicorn does."""

import os
import sys
from pathlib import Path


def find_plugins_in(folder: Path) -> None:
    """Append the folder to the import path, so that a folder of the project named like one of Wand's hides nothing."""
    place = os.path.abspath(folder)
    if place not in sys.path:
        sys.path.append(place)
