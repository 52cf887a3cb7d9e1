"""The import arrows of the house run one way: cli -> api, workflows, activities -> wand_orchestrator."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "wand_orchestrator": {"wand_orchestrator"},
    "workflows": {"workflows", "wand_orchestrator"},
    "activities": {"activities", "wand_orchestrator"},
    "api": {"api", "wand_orchestrator"},
    "cli": {"cli", "api", "workflows", "activities", "wand_orchestrator"},
}
OUTSIDE = {"tests", "bench", "examples", "scripts"}
"""Folders of this checkout that are not installed, so that nothing installed may import them."""


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and the first name of every import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." if node.level else (node.module or "").partition(".")[0]


def wrong_arrows(package: str, source: str) -> list[tuple[int, str]]:
    ours = ALLOWED.keys() | OUTSIDE | {"."}
    return [(line, name) for line, name in imported(ast.parse(source)) if name in ours and name not in ALLOWED[package]]


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_follow_the_arrows(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    wrong = {
        str(file.relative_to(ROOT)): arrows for file in files if (arrows := wrong_arrows(package, file.read_text()))
    }
    assert wrong == {}


def test_every_package_of_the_distribution_has_its_arrows() -> None:
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")}
    assert packages - OUTSIDE == ALLOWED.keys()


@pytest.mark.parametrize(
    "source",
    [
        "import api",
        "import api.app as app",
        "from api.app import create_app",
        "from . import scheduler",
        "def late():\n    from activities import runner",
        "import tests.waiting",
    ],
)
def test_any_other_arrow_is_seen(source: str) -> None:
    assert wrong_arrows("workflows", source)
