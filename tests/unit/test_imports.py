"""The import arrows of the house run one way, between its rooms and between the folders of each room.

Every room stands at the root of the checkout and is imported under `wand_orchestrator`. The tables below name, for each
folder (or module that stands alone), what it may import: of other rooms, and of its own.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOUSE = "wand_orchestrator"
ROOMS = {
    "ground": set[str](),
    "workflows": {"ground"},
    "activities": {"ground"},
    "testing": {"ground", "workflows", "activities"},
    "api": {"ground"},
    "cli": {"ground", "api", "workflows", "activities"},
}
"""Which other rooms a room may import; `ground` is `wand_orchestrator` without the rooms that are linked into it."""

FLOORS = {
    "workflows": {
        "size": set[str](),
        "patches": set[str](),
        "held_back": {"patches"},
        "uncancelled": {"patches"},
        "scheduler": {"size"},
        "arrivals": {"size"},
        "journal": {"arrivals", "scheduler", "size"},
        "control": {"arrivals", "held_back", "journal", "patches", "size", "uncancelled"},
        "budget": set[str](),
        "projections": {"journal", "patches", "uncancelled"},
        "nodes": {
            "arrivals",
            "budget",
            "control",
            "held_back",
            "journal",
            "patches",
            "projections",
            "size",
            "uncancelled",
        },
        "run": {
            "arrivals",
            "budget",
            "control",
            "journal",
            "nodes",
            "patches",
            "projections",
            "scheduler",
            "uncancelled",
        },
        "graph_run": {
            "arrivals",
            "budget",
            "control",
            "journal",
            "nodes",
            "patches",
            "projections",
            "run",
            "scheduler",
            "uncancelled",
        },
        "run_deletion": set[str](),
        "tool_listing": set[str](),
        "webhook_delivery": set[str](),
    },
    "api": {
        "tools": set[str](),
        "catalog": {"tools"},
        "page": set[str](),
        "http": {"page"},
        "temporal": set[str](),
        "webhooks": {"temporal"},
        "graphs": {"http", "tools"},
        "reconcile": {"graphs", "temporal", "webhooks"},
        "outbox": {"graphs", "temporal", "webhooks"},
        "runs": {"graphs", "http", "outbox", "reconcile", "temporal", "webhooks"},
        "schedules": {"graphs", "http", "runs", "temporal", "webhooks"},
        "hooks": {"http", "runs", "webhooks"},
        "links": {"http", "runs"},
        "graph_deletion": {"schedules"},
        "stream": {"outbox", "reconcile", "runs", "temporal"},
        "supervision": {"stream"},
        "services": {
            "graph_deletion",
            "graphs",
            "hooks",
            "http",
            "links",
            "outbox",
            "reconcile",
            "runs",
            "schedules",
            "stream",
            "supervision",
            "temporal",
            "tools",
            "webhooks",
        },
        "routers": {
            "catalog",
            "graphs",
            "hooks",
            "http",
            "links",
            "runs",
            "schedules",
            "services",
            "stream",
            "temporal",
        },
        "app": {"hooks", "http", "page", "routers", "services"},
    },
}
"""Which other folders and modules of its room each may import; whoever stands above another never is imported by it."""

OUTSIDE = {"tests", "bench", "examples", "scripts"}
"""Folders of this checkout that are not installed, so that nothing installed may import them."""


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and the dotted name of every import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." if node.level else node.module or ""
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def place(dotted: str) -> tuple[str, str] | None:
    """The room of an imported name, and its folder or module there; None for what is not of this checkout."""
    first, *rest = dotted.split(".")
    if first in OUTSIDE or not first:
        return "outside", first
    if first in ROOMS:
        return "unlinked", first
    if first != HOUSE:
        return None
    if rest and rest[0] in ROOMS:
        return rest[0], rest[1] if len(rest) > 1 else ""
    return "ground", rest[0] if rest else ""


def wrong_arrows(room: str, folder: str, source: str) -> list[tuple[int, str]]:
    wrong = []
    for line, dotted in imported(ast.parse(source)):
        found = place(dotted)
        if found is None:
            continue
        there, name = found
        if there != room:
            fits = there in ROOMS[room]
        else:
            fits = room not in FLOORS or name in (folder, "") or name in FLOORS[room].get(folder, set())
        if not fits:
            wrong.append((line, dotted))
    return wrong


def modules(room: str) -> Iterator[tuple[str, Path]]:
    """Every module of a room, with the folder in it, or the module, by which the tables know it."""
    root = ROOT / (HOUSE if room == "ground" else room)
    for path in sorted(root.rglob("*.py")):
        first = path.relative_to(root).parts[0].removesuffix(".py")
        if not (room == "ground" and first in ROOMS):
            yield first, path


@pytest.mark.parametrize("room", ROOMS)
def test_imports_follow_the_arrows(room: str) -> None:
    found = {
        str(path.relative_to(ROOT)): arrows
        for folder, path in modules(room)
        if path.name != "__main__.py" and (arrows := wrong_arrows(room, folder, path.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize("room", FLOORS)
def test_every_folder_of_a_room_has_its_floor(room: str) -> None:
    assert {folder for folder, _ in modules(room)} - {"__init__"} == FLOORS[room].keys()


@pytest.mark.parametrize("room", FLOORS)
def test_the_floors_stand_one_above_another(room: str) -> None:
    built: set[str] = set()
    for folder, below in FLOORS[room].items():
        assert below <= built, f"{folder} stands on something that comes after it"
        built.add(folder)


def test_every_package_of_the_checkout_has_its_arrows() -> None:
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")}
    assert packages - OUTSIDE - {HOUSE} == ROOMS.keys() - {"ground"}


def test_every_room_is_linked_into_the_package_that_it_is_imported_under() -> None:
    for room in ROOMS.keys() - {"ground"}:
        assert (ROOT / HOUSE / room).resolve() == ROOT / room


@pytest.mark.parametrize(
    "source",
    [
        "from wand_orchestrator import api",
        "import wand_orchestrator.api.app as app",
        "from wand_orchestrator.api.app import create_app",
        "from . import scheduler",
        "def late():\n    from wand_orchestrator.activities.runner import runner",
        "import tests.waiting",
        "from workflows.scheduler import Scheduler",
        "from wand_orchestrator.workflows.graph_run import GraphRun",
        "from wand_orchestrator.workflows.run.walk import Walk",
    ],
)
def test_any_other_arrow_is_seen(source: str) -> None:
    assert wrong_arrows("workflows", "journal", source)


EXEMPT_STEMS = {"__init__", "__main__", "models", "errors"}
"""Every folder may have its `models` and its `errors`."""

EXEMPT_FOLDERS = {"routers", "commands", "migrations", "_async", "_sync", "answers"}
"""A router, a command and the calls of the client are named by the resource that they serve, and Alembic names its
migrations."""

MIRROR = "answers"
"""Of the client, whose models are the API's under the API's names: a test compares them."""


def test_no_module_and_no_class_is_named_twice() -> None:
    """A name is enough to find its place."""
    files: dict[str, list[str]] = {}
    classes: dict[str, list[str]] = {}
    for room in ROOMS:
        for _, path in modules(room):
            place = str(path.relative_to(ROOT))
            if path.stem not in EXEMPT_STEMS and EXEMPT_FOLDERS.isdisjoint(path.parts):
                files.setdefault(path.stem, []).append(place)
            for node in () if MIRROR in path.parts else ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    classes.setdefault(node.name, []).append(place)
    assert {name: places for name, places in files.items() if len(places) > 1} == {}
    assert {name: places for name, places in classes.items() if len(places) > 1} == {}
