"""Encodes the states of a run's nodes in a few bytes each, for runs of thousands of nodes.

A letter a node tells its status. A node that has begun has three moments, each in milliseconds since the one before it
in the table, so that most are short; null for one that there is not. What is seldom stands by the node's place.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict

from wand_orchestrator.contract.model_call import UsageTotal
from wand_orchestrator.contract.state import Failure, NodeState, NodeStatus

_LETTERS = {
    NodeStatus.PENDING: "p",
    NodeStatus.SCHEDULED: "d",
    NodeStatus.RUNNING: "r",
    NodeStatus.RETRYING: "a",
    NodeStatus.WAITING: "w",
    NodeStatus.SUCCEEDED: "s",
    NodeStatus.FAILED: "f",
    NodeStatus.SKIPPED: "k",
    NodeStatus.CANCELLED: "c",
}
_STATUSES = {letter: status for status, letter in _LETTERS.items()}
_UNKNOWN = "-"
"""A node of which nothing is known yet."""

MOST_EXCEPTIONS = 100
"""Of a run of which more nodes failed, the table tells of the failures without their exceptions, which the events have:
an answer of Temporal may have 4 MB."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class NodeTable(BaseModel):
    model_config = ConfigDict(frozen=True)

    letters: str = ""
    moments: tuple[int | None, ...] = ()
    attempts: dict[int, int] = {}
    """Of those that are not in their first."""
    percents: dict[int, int] = {}
    errors: dict[int, Failure] = {}
    handled: tuple[int, ...] = ()
    """Those whose failure an edge handled."""
    usages: dict[int, UsageTotal] = {}
    """Of those with model calls."""

    @classmethod
    def of(cls, nodes: Iterable[str], states: Mapping[str, NodeState]) -> "NodeTable":
        """Return the table of these nodes, in this order."""
        rows = [states.get(node) for node in nodes]
        known = [(place, state) for place, state in enumerate(rows) if state is not None]
        return cls.model_construct(
            letters="".join(_UNKNOWN if state is None else _LETTERS[state.status] for state in rows),
            moments=tuple(_differences(state for _, state in known)),
            attempts={place: state.attempt for place, state in known if state.attempt != 1},
            percents={place: state.percent for place, state in known if state.percent is not None},
            errors=_brief({place: state.error for place, state in known if state.error is not None}),
            handled=tuple(place for place, state in known if state.handled),
            usages={place: state.usage for place, state in known if state.usage is not None},
        )

    def states(self, nodes: Sequence[str]) -> dict[str, NodeState]:
        """Return the states by id; `ids` are those that `of` was given."""
        states: dict[str, NodeState] = {}
        moments, handled = _moments(self.moments), set(self.handled)
        for place, (node, letter) in enumerate(zip(nodes, self.letters, strict=True)):
            if letter != _UNKNOWN:
                states[node] = NodeState(
                    status=_STATUSES[letter],
                    attempt=self.attempts.get(place, 1),
                    scheduled_at=next(moments),
                    started_at=next(moments),
                    finished_at=next(moments),
                    percent=self.percents.get(place),
                    error=self.errors.get(place),
                    handled=place in handled,
                    usage=self.usages.get(place),
                )
        return states


def _brief(errors: dict[int, Failure]) -> dict[int, Failure]:
    if len(errors) <= MOST_EXCEPTIONS:
        return errors
    return {place: error.model_copy(update={"exception": None}) for place, error in errors.items()}


def _differences(states: Iterable[NodeState]) -> Iterator[int | None]:
    last = 0
    for state in states:
        for moment in (state.scheduled_at, state.started_at, state.finished_at):
            if moment is None:
                yield None
            else:
                now = (moment - _EPOCH) // _MS
                yield now - last
                last = now


def _moments(differences: Iterable[int | None]) -> Iterator[datetime | None]:
    now = 0
    for difference in differences:
        if difference is None:
            yield None
        else:
            now += difference
            yield _EPOCH + now * _MS
