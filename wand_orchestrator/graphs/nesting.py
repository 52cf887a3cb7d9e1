"""How deep lists and objects lie in one another. Agents look at what they read, too, so this module imports little."""

from typing import Any

_CONTAINERS = (dict, list, tuple)


def is_deeper(value: Any, levels: int) -> bool:
    """Return whether lists and objects are nested in more than so many levels."""
    containers = [value] if isinstance(value, _CONTAINERS) else []
    for _ in range(levels):
        if not containers:
            return False
        containers = [
            child
            for container in containers
            for child in (container.values() if isinstance(container, dict) else container)
            if isinstance(child, _CONTAINERS)
        ]
    return bool(containers)
