"""Puts the nodes of a graph into layers: one more than the last of its sources."""

from collections import deque
from collections.abc import Iterable, Sequence


def layers_of(names: Iterable[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return by name the layer of each, from 0, in time proportional to names and edges. Names on a cycle, and what
    follows them, stay where they were reached first.
    """
    layer = dict.fromkeys(names, 0)
    targets: dict[str, list[str]] = {name: [] for name in layer}
    missing = dict.fromkeys(layer, 0)
    for source, target in edges:
        targets[source].append(target)
        missing[target] += 1
    ready = deque(name for name, count in missing.items() if count == 0)
    while ready:
        name = ready.popleft()
        for target in targets[name]:
            layer[target] = max(layer[target], layer[name] + 1)
            missing[target] -= 1
            if missing[target] == 0:
                ready.append(target)
    return layer
