"""docs/errors.md tells of every code that the source can raise, with its status, and of no other."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import wand_orchestrator
from wand_orchestrator.contract import codes as contract_codes
from wand_orchestrator.errors import InternalError, WandError

ROOT = Path(__file__).parents[2]
FOLDERS = ("wand_orchestrator", "workflows", "activities", "testing", "api")
RAISED = re.compile(r"Error$|^Failure$|^AttemptFailure$|^failure$|^_fault$")
"""Calls whose code becomes that of an error; besides them, every exception class."""

NEVER_SHOWN = {contract_codes.TOO_SLOW}
"""The node runs again as a regular activity."""


@cache
def documented() -> dict[str, str]:
    """Code: the second cell of its row."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)
    codes = [code for code, _ in rows]
    assert len(set(codes)) == len(codes), "a code stands twice"
    return dict(rows)


@cache
def error_classes() -> set[type[WandError]]:
    for module in pkgutil.walk_packages(wand_orchestrator.__path__, "wand_orchestrator."):
        if "migrations" not in module.name and ".cli." not in module.name:
            importlib.import_module(module.name)
    found, todo = set(), [WandError]
    while todo:
        error = todo.pop()
        # Tests of other modules make errors of their own.
        own = error.__module__.startswith("wand_orchestrator.") and ".cli." not in error.__module__
        if own and not issubclass(error, InternalError):
            found.add(error)
        todo.extend(error.__subclasses__())
    return found


@cache
def source() -> tuple[ast.AST, ...]:
    """Every node of every module."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return tuple(node for path in paths for node in ast.walk(ast.parse(path.read_text())))


def codes_of(call: ast.Call, error_names: set[str]) -> Iterator[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name not in error_names and not RAISED.search(name):
        return
    given = [keyword.value for keyword in call.keywords if keyword.arg in ("code", "type")]
    if not name.endswith("Error") and name not in error_names:
        given += call.args[:1]
    for value in given:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value
        name = value.id if isinstance(value, ast.Name) else getattr(value, "attr", "")
        if name.isupper() and hasattr(contract_codes, name):
            yield getattr(contract_codes, name)


def test_every_error_class_is_documented() -> None:
    assert {error.code for error in error_classes()} - documented().keys() == set()


def test_the_status_of_every_error_that_callers_see_is_documented() -> None:
    seen = {error for error in error_classes() if error.status < 500 or error.status == 503}
    assert len(seen) >= 10
    assert {error.code: str(error.status) for error in seen} == {error.code: documented()[error.code] for error in seen}


def test_every_code_given_where_an_error_is_raised_is_documented() -> None:
    names = {error.__name__ for error in error_classes()}
    raised = {code for node in source() if isinstance(node, ast.Call) for code in codes_of(node, names)}
    assert {"run_not_found", "http_status", "approval_timeout", "run_timeout", "wrong_state"} <= raised
    assert raised - documented().keys() - NEVER_SHOWN == set()


def test_every_documented_code_is_in_the_source() -> None:
    texts = {node.value for node in source() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    composed = {f"invalid_{part}" for part in ("params", "input", "output")}
    assert documented().keys() - texts - composed == set()
