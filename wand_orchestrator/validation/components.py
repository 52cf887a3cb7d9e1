"""Finds the strongly connected components of a directed graph (Tarjan, 1972), without recursion, in linear time."""

from collections.abc import Iterator, Mapping, Sequence

Leaving = Mapping[str, Sequence[str]]
"""The targets of the edges that leave each node; every target is a key, too."""


def components(leaving: Leaving) -> Iterator[frozenset[str]]:
    search = _ComponentSearch(leaving)
    for root in leaving:
        if root not in search.number:
            yield from search.from_root(root)


class _ComponentSearch:
    """Searches depth first. `number`: the order in which nodes were found; `_lowest`: the lowest number that each leads
    back to.
    """

    def __init__(self, leaving: Leaving) -> None:
        self._leaving = leaving
        self.number: dict[str, int] = {}
        self._lowest: dict[str, int] = {}
        self._open: dict[str, None] = {}
        self._trail: list[tuple[str, Iterator[str]]] = []

    def from_root(self, root: str) -> Iterator[frozenset[str]]:
        self._enter(root)
        while self._trail:
            node, targets = self._trail[-1]
            target = next(targets, None)
            if target is None:
                yield from self._leave()
            elif target not in self.number:
                self._enter(target)
            elif target in self._open:
                self._lowest[node] = min(self._lowest[node], self.number[target])

    def _enter(self, node: str) -> None:
        self.number[node] = self._lowest[node] = len(self.number)
        self._open[node] = None
        self._trail.append((node, iter(self._leaving[node])))

    def _leave(self) -> Iterator[frozenset[str]]:
        node, _ = self._trail.pop()
        if self._trail:
            above = self._trail[-1][0]
            self._lowest[above] = min(self._lowest[above], self._lowest[node])
        if self._lowest[node] == self.number[node]:
            yield frozenset(self._close(node))

    def _close(self, root: str) -> Iterator[str]:
        """Yield the nodes that were found since `root`, and `root` itself."""
        node = None
        while node != root:
            node, _ = self._open.popitem()
            yield node
