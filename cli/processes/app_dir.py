"""Where plug-ins of a project are found that is not installed: in the folder it lies in, as uvicorn has it."""

import os
import sys
from pathlib import Path


def find_plugins_in(folder: Path) -> None:
    """Behind everything that is installed: a folder of the project that is named like one of Wand's hides nothing."""
    place = os.path.abspath(folder)
    if place not in sys.path:
        sys.path.append(place)
