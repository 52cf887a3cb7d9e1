"""Checks that the packages that would be imported are Wand's own.

`workflows` is also the top-level name of llama-index-workflows, and `api`, `cli`, `activities` are names that a project
may well have. Nothing is imported here, so nothing foreign runs before it is told.
"""

from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("wand_orchestrator", "workflows", "activities", "api", "cli")


def foreign_packages(home: Path = Path(__file__).parents[1]) -> dict[str, str]:
    """Packages that do not lie in `home`, and where they do."""
    places = {name: _place(name) for name in PACKAGES}
    return {name: place for name, place in places.items() if place != str(home / name)}


def collision(foreign: dict[str, str]) -> str:
    """One sentence."""
    found = ", ".join(f"`{name}` from {place}" for name, place in foreign.items())
    return (
        f"Python would import {found}, which is not Wand's: install wand-orchestrator in a virtual environment of its "
        "own, and run wand from a folder that has no package of that name on PYTHONPATH"
    )


def _place(name: str) -> str:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return "nowhere" if spec is None else str(spec.origin)
    return str(Path(next(iter(spec.submodule_search_locations))))
