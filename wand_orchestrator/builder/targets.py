"""Names what a node runs besides itself: the agent or the stored graph of a map or a repeat, the tools of a model."""

from dataclasses import dataclass
from typing import Any, Generic, cast

from typing_extensions import TypeVar

from wand_orchestrator.builder.expression_tree import Member, Root
from wand_orchestrator.builder.value import Value

T = TypeVar("T", default=Any)


@dataclass(frozen=True)
class ChildGraph(Generic[T]):
    """A stored graph, by its name (the newest version) or its id. `returns`: the type of its outputs, by sink."""

    name: str
    returns: type[T] | None = None


class Each(Generic[T]):
    """One item of a map, or one round of a repeat, as the params and the input of what it runs see it."""

    def __init__(self, item: Any = None) -> None:
        self._item = item

    @property
    def item(self) -> T:
        """The item; in a repeat the last output, or the state."""
        return cast(T, Value(Member(Root("own"), "item"), self._item))

    @property
    def index(self) -> int:
        """The number of the item or the round, from 0."""
        return cast(int, Value(Member(Root("own"), "index"), int))

    @property
    def input(self) -> Any:
        """The keys of the node's own input."""
        return Value(Root("own"))


class PartError:
    """Why an item of a map failed."""

    index: int
    code: str
    message: str


class MapOutput(Generic[T]):
    """What a map returns: an output for each item, null where it failed."""

    outputs: list[T]
    failed: list[int]
    errors: list[PartError]


class RepeatOutput(Generic[T]):
    """What a repeat returns: the last output, and with a state that."""

    output: T
    times: int
    satisfied: bool
    state: Any


class WaitOutput:
    until: str


class LlmAnswer:
    """What a model answers where no structure is asked for."""

    text: str


class StartedRun:
    """A run that a graph started and does not wait for."""

    run_id: str
