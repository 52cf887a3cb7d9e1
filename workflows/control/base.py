"""Defines the base class of control nodes: each is a coroutine of the workflow, which a new history can resume."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from temporalio.exceptions import ApplicationError

from wand_orchestrator.contract.model_call import ModelInfo, ModelTurn
from wand_orchestrator.contract.node import (
    AgentResult,
)
from wand_orchestrator.contract.steering import Answer
from wand_orchestrator.graph import Graph, Node, SpendingBudget
from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.workflows.control.event_inbox import EventInbox
from wand_orchestrator.workflows.journal.event_texts import Entry

Done = TypeVar("Done")


class Part(Node):
    """Represents a part of a control node. `label`: what stands beside its id in the Temporal Web UI, in place of its
    type.
    """

    label: str | None = None


class PartValues(NamedTuple):
    """Contains the params and the input of a part of a control node."""

    params: dict[str, Any]
    input: dict[str, Any]


@dataclass(frozen=True)
class TurnCall:
    """A turn of a conversation: `part` runs it, an internal agent under the id of a part such as `write[2]`.

    `owner`: the node, or part of one, whose own `budget` the call is charged to; `part` is a part of it. Budgets of the
    run and of what stands above it are charged besides. `tokens_before`: `tokens_after` of the turn before this one.
    """

    part: Node
    owner: str
    turn: ModelTurn
    info: ModelInfo
    budget: SpendingBudget | None = None
    tokens_before: int = 0


class TurnAnswer(NamedTuple):
    """The result of the activity, and the most tokens that the conversation has after it."""

    result: AgentResult
    tokens_after: int


class Host(Protocol):
    """Defines what a control node can ask of the run."""

    def tell(self, entry: Entry) -> None:
        """Append an entry to the journal."""

    def run_agent(self, node: Node, values: Callable[[], Awaitable[PartValues]]) -> Awaitable[AgentResult]:
        """Run an agent as the activity `node.id`, a part with events of its own; cancelled with the awaiting task."""

    def call_model(self, call: TurnCall) -> Awaitable[TurnAnswer]:
        """Call a model once, a part with events of its own, as `run_agent` does with the turn as params.

        What the call may cost at most is reserved in all budgets that it is charged to before it starts, which waits
        for other calls in flight, or for a person where a budget pauses the run; what it cost is charged afterwards.
        After a new history the same call resumes. Raises ApplicationError `budget_exceeded`, `budget_unbounded`.
        """

    def run_graph(self, node: Node, graph: Graph, input: Any) -> Awaitable[Any]:
        """Run a stored graph as a child workflow; return the outputs of its result."""

    def start_graph(self, node: Node, graph: Graph, input: Any) -> Awaitable[str]:
        """Start a stored graph as an independent run; return its id."""

    def run_graph_part(
        self, node: Node, graph: Graph, values: Callable[[], Awaitable[PartValues]]
    ) -> Awaitable[AgentResult]:
        """Run a stored graph as a child workflow, a part with events of its own."""

    def run_control_part(self, node: Node, values: Callable[[], Awaitable[PartValues]]) -> Awaitable[AgentResult]:
        """Run a control node as a part of another one, with events of its own."""

    def run_approval(self, approval: "Asking") -> Awaitable[Any]:
        """Run an approval that is a part of a control node; return the answer."""

    def skippable(self, part: str, skip: Callable[[], None]) -> AbstractContextManager[None]:
        """Let people skip this part within the block: `skip` is called when somebody does."""

    def evaluate(self, expression: str, value: Any) -> Awaitable[Any]:
        """Evaluate an expression as soon as the workflow task has room for it. Raises ExpressionError."""

    def check(self, work: Callable[[Budget], Done]) -> Awaitable[Done]:
        """Run a check against a JSON Schema within a budget, as soon as the workflow task has room for it."""

    def resolve(self, later: Mapping[str, Any], own: dict[str, Any]) -> Awaitable[dict[str, Any]]:
        """Return what a part is given, with its references resolved in `own`. Raises ApplicationError."""

    def subgraph(self, name: str) -> Graph:
        """Return the stored graph of that name or id, as it was when the run started. Raises ApplicationError."""

    @property
    def events(self) -> EventInbox:
        """The events that were sent to the run."""

    @property
    def result_bytes(self) -> int:
        """The maximum size of the outputs of all parts of a node together."""

    @property
    def holds_back(self) -> bool:
        """Whether nothing new may start: the run is paused or stopping, or about to continue in a new history."""


@dataclass(frozen=True)
class Given:
    """Contains a node as the scheduler started it; `carried` is what `carry` returned in the previous history.

    `earlier_attempts`: of an agent, those that ended with their workers.
    """

    node: Node
    params: dict[str, Any]
    input: dict[str, Any]
    carried: Any = None
    earlier_attempts: int = 0


class Control(ABC):
    """Represents a control node in flight."""

    def __init__(self, given: Given, host: Host) -> None:
        self.node = given.node
        self.input = given.input
        self.host = host

    @abstractmethod
    async def run(self) -> Any:
        """Return the node's output. Raises ApplicationError when the node fails."""

    def carry(self) -> Any:
        """Return what a new history needs to resume the node, as JSON."""
        return None

    def done_before_failing(self) -> Any:
        """Return what a retry after a failure starts from, as `carried`; None: from the start."""
        return None

    @property
    def asks(self) -> str:
        """What the node asks for from outside, for people; empty if it asks for nothing."""
        return ""

    @property
    def busy(self) -> bool:
        """Whether something is in flight that would not survive a new history."""
        return False

    @property
    def crosses(self) -> bool:
        """Whether a new history can resume what is in flight, if all of it comes along."""
        return False


class Refusal(NamedTuple):
    """Contains why an update is refused; `code` becomes the type of the application error that its caller gets."""

    code: str
    message: str


class Asking(Protocol):
    """Defines what the host needs to know of an approval that is a part of a control node."""

    @property
    def node(self) -> Node: ...
    @property
    def busy(self) -> bool: ...

    def run(self) -> Awaitable[Any]: ...
    def refuse(self, answer: Answer) -> Refusal | None: ...
    def respond(self, answer: Answer) -> None: ...


def failure(code: str, message: str, *details: Any) -> ApplicationError:
    return ApplicationError(message, *details, type=code, non_retryable=True)


def moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
