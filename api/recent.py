"""What was used last, up to a size of all of it together."""

from contextlib import suppress
from typing import TypeVar

from cachetools import LRUCache

V = TypeVar("V")


class Recent(LRUCache[str, V]):
    """`maxsize` and `getsizeof` as in cachetools."""

    def keep(self, key: str, value: V) -> None:
        """Instead of what was not used for the longest time; passes over a value that is larger than all may be."""
        with suppress(ValueError):
            self[key] = value
