"""The codes of errors that modules raise, read from their source, with what docs/errors.md says of each."""

import ast
import importlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ERRORS = Path(__file__).parents[1] / "docs" / "errors.md"
PLACES = (
    "wand_orchestrator.activities.agents",
    "wand_orchestrator.activities.tools",
    "wand_orchestrator.workflows.control",
)
"""Modules elsewhere serve everybody: what they raise is told once, in docs/errors.md."""

RAISES = ("AgentError", "failure")
OF_EXPRESSIONS = ("expression", "expression_too_large")
COMMON = {"invalid_params", "invalid_input", "invalid_output"}
"""Those of every node."""


def errors_of(modules: Iterable[str], alone: Iterable[str] = ()) -> str:
    """A table of what these modules raise, and what those raise that they import beside them; of `alone` without it.
    Empty if it is nothing."""
    names = {name for module in modules for name in _closure(module)} | set(alone)
    codes = {code for name in names for code in _raised(name)} - COMMON
    told = [f"| `{code}` | {' | '.join(_documented()[code])} |" for code in sorted(codes)]
    if not told:
        return ""
    return "Errors:\n\n| code | tried again | what it is |\n|---|---|---|\n" + "\n".join(told) + "\n"


def _closure(module: str) -> set[str]:
    """The module, and those beside it that it imports, however indirectly."""
    found, todo = set[str](), [module]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += [imported for imported in _imports(name) if imported.startswith(PLACES)]
    return found


@cache
def _tree(module: str) -> ast.Module:
    path = importlib.import_module(module).__file__
    assert path is not None
    return ast.parse(Path(path).read_text())


def _imports(module: str) -> Iterator[str]:
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _raised(module: str) -> Iterator[str]:
    for node in ast.walk(_tree(module)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in RAISES:
            continue
        given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        given += node.args[:1] if node.func.id == "failure" else []
        for value in given:
            if isinstance(value, ast.Constant):
                yield str(value.value)
            elif isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name) and value.attr == "code":
                yield from OF_EXPRESSIONS


@cache
def _documented() -> dict[str, tuple[str, str]]:
    rows = re.findall(r"^\| `(\w+)` \| ((?!\d+ \|)[^|]+) \| (.*) \|$", ERRORS.read_text(), re.MULTILINE)
    return {code: (retried, about) for code, retried, about in rows}
