"""Loads the public names of a package when they are first asked for."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazy_names(package: str, namespace: dict[str, Any], modules: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package. `namespace`: its globals; `modules`: the names by the module below it that
    defines them.
    """

    def load(name: str) -> Any:
        for module, names in modules.items():
            if name in names:
                value = getattr(import_module(f"{package}.{module}"), name)
                namespace[name] = value
                return value
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load
