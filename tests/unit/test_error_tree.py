"""Every exception of Wand's own stands in one tree, which the docstring of `wand_orchestrator.errors` draws."""

import importlib
import inspect
import pkgutil
import re
from functools import cache

import wand_orchestrator
from wand_orchestrator import errors
from wand_orchestrator.errors import InternalError, WandError

ELSEWHERE = {"AttemptError"}
"""Of Temporal's tree, as the SDK asks for it."""


@cache
def exceptions() -> dict[str, type[BaseException]]:
    """By name, every exception class that a module of Wand defines."""
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(wand_orchestrator.__path__, "wand_orchestrator.")
        if ".migrations." not in module.name and not module.name.endswith(".__main__")
    ]
    return {
        name: each
        for module in modules
        for name, each in vars(module).items()
        if inspect.isclass(each) and issubclass(each, BaseException) and each.__module__ == module.__name__
    }


def drawn() -> dict[str, str]:
    """Each class in the drawing, with the one that it hangs from."""
    branches: list[str] = []
    found = {}
    for line in (errors.__doc__ or "").splitlines():
        if (node := re.match(r"    ((?:[│ ] {3})*)(?:├── |└── )?([A-Z]\w+) {2}", line)) is None:
            continue
        depth = len(node[1]) // 4 + ("── " in line)
        found[node[2]] = branches[depth - 1] if depth else ""
        branches[depth:] = [node[2]]
    return found


def test_every_exception_is_in_the_tree_and_the_tree_is_drawn() -> None:
    own = {name: each for name, each in exceptions().items() if name not in ELSEWHERE}
    assert {name for name, each in own.items() if not issubclass(each, WandError)} == set()
    assert len(own) > 35
    assert drawn() == {name: "" if each is WandError else each.__bases__[0].__name__ for name, each in own.items()}


def test_every_exception_has_a_stable_code_of_its_own() -> None:
    codes: dict[str, str] = {}
    for name, each in exceptions().items():
        if name in ELSEWHERE or issubclass(each, InternalError):
            continue
        code = vars(each).get("code")
        if code is None:  # a closer name for what its parent says
            continue
        assert re.fullmatch("[a-z_]+", code), name
        assert code not in codes, f"{name} and {codes[code]} have one code"
        codes[code] = name
    assert len(codes) > 25


def test_what_never_leaves_wand_tells_a_caller_nothing() -> None:
    internal = [each for each in exceptions().values() if issubclass(each, InternalError)]
    assert len(internal) > 8
    assert {(each.status) for each in internal} == {500}
