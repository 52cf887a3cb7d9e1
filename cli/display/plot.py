"""Plots a line in the terminal with braille characters, 2 by 4 dots each."""

from collections.abc import Sequence

WIDTH = 64
HEIGHT = 10

_BLANK = 0x2800
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of the Unicode block by row and column of a dot."""


def plot(values: Sequence[float], *, width: int = WIDTH, height: int = HEIGHT) -> str:
    """Return a plot of `values` at equal distances, `height` rows of `width` characters, with its range at the left."""
    canvas = _Canvas(width, height)
    points = _scaled(values, 2 * width - 1, 4 * height - 1)
    for start, stop in zip(points, points[1:] or points, strict=False):
        canvas.line(start, stop)
    labels = [f"{max(values):.4g}", *[""] * (height - 2), f"{min(values):.4g}"]
    margin = max(map(len, labels))
    return "\n".join(f"{label:>{margin}} │{row}" for label, row in zip(labels, canvas.rows(), strict=True))


def _scaled(values: Sequence[float], right: int, bottom: int) -> list[tuple[int, int]]:
    low, span = min(values), (max(values) - min(values)) or 1
    step = right / max(1, len(values) - 1)
    return [(round(i * step), round((1 - (value - low) / span) * bottom)) for i, value in enumerate(values)]


class _Canvas:
    def __init__(self, width: int, height: int) -> None:
        self._cells = [[_BLANK] * width for _ in range(height)]

    def line(self, start: tuple[int, int], stop: tuple[int, int]) -> None:
        steps = max(abs(stop[0] - start[0]), abs(stop[1] - start[1]), 1)
        for step in range(steps + 1):
            x, y = (round(a + (b - a) * step / steps) for a, b in zip(start, stop, strict=True))
            self._cells[y // 4][x // 2] |= _DOTS[y % 4][x % 2]

    def rows(self) -> list[str]:
        return ["".join(map(chr, row)) for row in self._cells]
