"""What every control node is: a coroutine of the workflow, which a new history can take up where it stood."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from temporalio.exceptions import ApplicationError

from wand_orchestrator.contract.node import (
    AgentResult,
)
from wand_orchestrator.graph import Graph, Node
from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.workflows.control.event_inbox import EventInbox
from wand_orchestrator.workflows.journal.event_texts import Entry

Done = TypeVar("Done")


class PartValues(NamedTuple):
    """What a part of a control node is given."""

    params: dict[str, Any]
    input: dict[str, Any]


class Host(Protocol):
    """What the walk offers a control node."""

    def tell(self, entry: Entry) -> None:
        """Put an entry into the journal."""

    def run_agent(self, node: Node, values: Callable[[], Awaitable[PartValues]]) -> Awaitable[AgentResult]:
        """Run an agent as the activity `node.id`, a part with events of its own; cancelled with the awaiting task."""

    def run_graph(self, node: Node, graph: Graph, input: Any) -> Awaitable[Any]:
        """Run a stored graph as a child workflow; gives its result's outputs."""

    def start_graph(self, node: Node, graph: Graph, input: Any) -> Awaitable[str]:
        """Start a stored graph as a run that is no part of this one; gives its id."""

    def run_graph_part(
        self, node: Node, graph: Graph, values: Callable[[], Awaitable[PartValues]]
    ) -> Awaitable[AgentResult]:
        """The same as a part with events of its own."""

    def evaluate(self, expression: str, value: Any) -> Awaitable[Any]:
        """Evaluate an expression, when the workflow task has room for it. Raises ExpressionError."""

    def check(self, work: Callable[[Budget], Done]) -> Awaitable[Done]:
        """Do a check against a JSON Schema within the budget, when the workflow task has room for it."""

    def resolve(self, later: Mapping[str, Any], own: dict[str, Any]) -> Awaitable[dict[str, Any]]:
        """What is given to a part, with its references replaced; `own` is what they see. Raises ApplicationError."""

    def subgraph(self, name: str) -> Graph:
        """The stored graph of that name or id, as it was when the run started."""

    @property
    def events(self) -> EventInbox:
        """The events that were sent to the run."""

    @property
    def result_bytes(self) -> int:
        """What the parts of one node may give together."""

    @property
    def holds_back(self) -> bool:
        """Whether nothing new is to start: the run is paused, or about to go on in a new history."""


@dataclass(frozen=True)
class Given:
    """A node as the scheduler started it; `carried` is what `carry` gave in the history before this one.

    `earlier_attempts`: of an agent, those that ended with their workers.
    """

    node: Node
    params: dict[str, Any]
    input: dict[str, Any]
    carried: Any = None
    earlier_attempts: int = 0


class Control(ABC):
    """One control node in flight."""

    def __init__(self, given: Given, host: Host) -> None:
        self.node = given.node
        self.input = given.input
        self.host = host

    @abstractmethod
    async def run(self) -> Any:
        """The node's output. Raises ApplicationError when the node fails."""

    def carry(self) -> Any:
        """What a new history needs to go on; JSON."""
        return None

    def done_before_failing(self) -> Any:
        """What it goes on from, as `carried`, if it is tried again after it failed; None: from the start."""
        return None

    @property
    def busy(self) -> bool:
        """Whether it has something in flight that would not survive a new history."""
        return False

    @property
    def crosses(self) -> bool:
        """Whether it can take up in a new history what it has in flight, if all that comes along."""
        return False


def failure(code: str, message: str, *details: Any) -> ApplicationError:
    return ApplicationError(message, *details, type=code, non_retryable=True)


def moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


class Refusal(NamedTuple):
    """`code` becomes the type of the application error that the caller of the update gets."""

    code: str
    message: str
