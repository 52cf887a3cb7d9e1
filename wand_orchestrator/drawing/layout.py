"""Places boxes in columns, so that lines lead from left to right and cross seldom.

No library of PyPI fits (docs/decisions/pictures.md): so this is the usual method in its simplest form. Layers by the
longest path; a bend in each layer that a line passes, so that it leads around the boxes; an order in each layer by the
middle of the neighbours (Sugiyama's barycenters, a few sweeps). A picture has at most some 200 boxes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from wand_orchestrator.drawing.layers import layers_of

WIDTH, HEIGHT = 190, 54
_BEND_HEIGHT = 6
_GAP_X, _WIDE_GAP_X, _GAP_Y, _MARGIN = 112, 168, 22, 24
_SWEEPS = 6

Place = tuple[int, int]
_Spot = str | tuple[str, str, int]
"""A box by its key, or the bend of a line in a layer."""


@dataclass(frozen=True)
class Layout:
    """`places`: by box the left upper corner; `bends`: by line the points at which it passes other columns, each the
    left end of a straight piece as wide as a box.
    """

    width: int
    height: int
    places: dict[str, Place]
    bends: dict[tuple[str, str], list[Place]]


def laid_out(keys: Sequence[str], lines: Sequence[tuple[str, str]], *, wide: bool = False) -> Layout:
    """Return the places of boxes and the bends of lines, which are pairs of keys. `wide`: with room for labels between
    the columns.
    """
    layers = layers_of(keys, lines)
    columns: list[list[_Spot]] = [[] for _ in range(max(layers.values(), default=0) + 1)]
    for key in keys:
        columns[layers[key]].append(key)
    neighbours = [_Neighbours(), _Neighbours()]
    for source, target in dict.fromkeys(lines):
        _add_line(columns, neighbours, layers, source, target)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        _sweep(columns if forward else columns[::-1], neighbours[0 if forward else 1])
    return _placed(columns, _WIDE_GAP_X if wide else _GAP_X)


class _Neighbours(dict[_Spot, list[_Spot]]):
    def add(self, spot: _Spot, other: _Spot) -> None:
        self.setdefault(spot, []).append(other)


def _add_line(
    columns: Sequence[list[_Spot]],
    neighbours: Sequence[_Neighbours],
    layers: dict[str, int],
    source: str,
    target: str,
) -> None:
    """Add a bend to each layer that the line passes, and tell each spot its neighbours before and after it."""
    before: _Spot = source
    for layer in range(layers[source] + 1, layers[target] + 1):
        spot: _Spot = target if layer == layers[target] else (source, target, layer)
        if spot != target:
            columns[layer].append(spot)
        neighbours[0].add(spot, before)
        neighbours[1].add(before, spot)
        before = spot


def _sweep(columns: Sequence[list[_Spot]], neighbours: _Neighbours) -> None:
    """Order each column by the middle of its neighbours in the column before."""
    place = {spot: _share(at, column) for column in columns for at, spot in enumerate(column)}
    for column in columns[1:]:
        middle = {}
        for spot in column:
            known = [place[other] for other in neighbours.get(spot, ())]
            middle[spot] = sum(known) / len(known) if known else place[spot]
        column.sort(key=lambda spot: middle[spot])
        place.update({spot: _share(at, column) for at, spot in enumerate(column)})


def _share(at: int, column: Sequence[_Spot]) -> float:
    return (at + 0.5) / len(column)


def _height(spot: _Spot) -> int:
    return HEIGHT if isinstance(spot, str) else _BEND_HEIGHT


def _placed(columns: Sequence[Sequence[_Spot]], gap: int) -> Layout:
    heights = [sum(_height(spot) + _GAP_Y for spot in column) - _GAP_Y for column in columns]
    height = 2 * _MARGIN + max(HEIGHT, *heights, 0)
    places: dict[str, Place] = {}
    bends: dict[tuple[str, str], list[Place]] = {}
    for layer, column in enumerate(columns):
        x, y = _MARGIN + layer * (WIDTH + gap), (height - heights[layer]) // 2
        for spot in column:
            if isinstance(spot, str):
                places[spot] = (x, y)
            else:
                bends.setdefault(spot[:2], []).append((x, y + _BEND_HEIGHT // 2))
            y += _height(spot) + _GAP_Y
    return Layout(2 * _MARGIN + len(columns) * (WIDTH + gap) - gap, height, places, bends)
