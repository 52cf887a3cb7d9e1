"""The queries of a run: their names and their answers."""

from pydantic import Field

from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.message import Message
from wand_orchestrator.contract.node_table import NodeTable
from wand_orchestrator.contract.state import NodeState, Question, RunState

QUERY_STATE = "state"
QUERY_PARTS = "parts"
QUERY_TABLE = "table"
QUERY_NODE = "node"
QUERY_EVENTS = "events"
QUERY_PROGRESS = "progress"
QUERY_EVENT_REFUSAL = "event_refusal"


class EventPage(Message):
    """Answer of the query `events(after, limit)`.

    `first` is the lowest `seq` that the workflow still holds: what lies before it is in the archive.
    """

    events: tuple[Event, ...]
    first: int
    last: int
    ended: bool


class StatePage(Message):
    """Answer of the query `state(offset, limit)`: the run, and `limit` of its nodes from `offset`."""

    state: RunState
    total_nodes: int


class StateTable(Message):
    """Answer of the query `table`: `state` without its nodes, which are in `nodes`, in the order of the graph.

    `ids`: theirs, if they were asked for.
    """

    state: RunState
    nodes: NodeTable
    ids: tuple[str, ...] | None = None


class PartsPage(Message):
    """Answer of the query `parts(node, offset, limit)`: of a control node's `total` parts `limit` from `offset`."""

    parts: dict[str, NodeState]
    total: int
    questions: dict[str, Question] = Field(default_factory=dict, description="Those that these parts ask.")


class EventRefusal(Message):
    """Answer of the query `event_refusal(name, data)`: why the run can do nothing with such an event now."""

    code: str
    message: str


class NodeJournal(Message):
    """Answer of the query `node(name)`: what the workflow still holds of one node or part, but for what it logged."""

    events: tuple[Event, ...]
    question: Question | None = Field(default=None, description="That it asks in a child run.")
