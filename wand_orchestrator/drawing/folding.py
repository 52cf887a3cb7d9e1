"""Folds a large graph: nodes of one layer and one type together."""

from collections.abc import Mapping, Sequence

from wand_orchestrator.drawing.layers import layers_of

_MOST_LAYERS = 40
_MOST_GROUPS = 200

Edge = tuple[str, str, str]
"""From, to, and on what: success, failure, or either."""


def grouped(types: Mapping[str, str], edges: Sequence[Edge], most_lines: int) -> list[list[str]]:
    """Return the names in groups, each in the order of the document; a chain of thousands is folded into bands of
    layers. The bands grow until the lines between groups are at most `most_lines`. `types`: by name.
    """
    layers = layers_of(types, [(source, target) for source, target, _ in edges])
    most_layers, most_groups = _MOST_LAYERS, _MOST_GROUPS
    while True:
        groups = _in_bands(types, layers, most_layers, most_groups)
        if most_layers == 1 or _between(groups, edges) <= most_lines:
            return groups
        most_layers, most_groups = most_layers // 2, most_groups // 2


def _in_bands(
    types: Mapping[str, str], layers: Mapping[str, int], most_layers: int, most_groups: int
) -> list[list[str]]:
    band = 1 + (max(layers.values(), default=0) // most_layers)
    found: dict[tuple[int, str], list[str]] = {}
    for name, type in types.items():
        found.setdefault((layers[name] // band, type), []).append(name)
    if len(found) <= most_groups:
        return list(found.values())
    by_layer: dict[int, list[str]] = {}
    for name in types:
        by_layer.setdefault(layers[name] // band, []).append(name)
    return list(by_layer.values())


def _between(groups: Sequence[Sequence[str]], edges: Sequence[Edge]) -> int:
    group_of = {name: at for at, group in enumerate(groups) for name in group}
    lines = {(group_of[source], group_of[target], on) for source, target, on in edges}
    return sum(source != target for source, target, _ in lines)
