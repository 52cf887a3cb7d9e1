"""Folds a large graph: nodes of one layer and one type together."""

from collections.abc import Mapping, Sequence

from wand_orchestrator.drawing.layers import layers_of

_MOST_LAYERS = 40
_MOST_GROUPS = 200


def grouped(types: Mapping[str, str], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Return the names in groups, each in the order of the document; a chain of thousands is folded into bands of
    layers. `types`: by name.
    """
    layers = layers_of(types, edges)
    band = 1 + (max(layers.values(), default=0) // _MOST_LAYERS)
    found: dict[tuple[int, str], list[str]] = {}
    for name, type in types.items():
        found.setdefault((layers[name] // band, type), []).append(name)
    if len(found) <= _MOST_GROUPS:
        return list(found.values())
    by_layer: dict[int, list[str]] = {}
    for name in types:
        by_layer.setdefault(layers[name] // band, []).append(name)
    return list(by_layer.values())
