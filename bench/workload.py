"""What a workload is: contenders that do the same, each measured in goes that take turns."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.arena import Arena
from bench.results import Measures

Go = Callable[[Arena], Awaitable[Measures]]

SECONDS = "seconds"


@dataclass(frozen=True)
class Entry:
    """`system`: what of the arena it needs; `go` measures once. `prepare` comes once before, unmeasured: it makes sure
    that the work is done right, and warms up."""

    contender: str
    system: str
    go: Go
    prepare: Go
    label: str = ""


@dataclass(frozen=True)
class Workload:
    """`measure`: the one that ratios are made of; less is better. `base`: the contender that they are made against.

    `also`: further names by which it can be asked for, since it measures more than one thing. `fresh`: it needs systems
    that have done nothing before.
    """

    name: str
    title: str
    entries: tuple[Entry, ...]
    rounds: int
    quick_rounds: int = 3
    measure: str = SECONDS
    base: str = "wand"
    also: tuple[str, ...] = ()
    fresh: bool = False
    limit_sec: float = 300.0

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.also)
