"""The table of a run's nodes, as it stands in histories and answers."""

from datetime import UTC, datetime, timedelta

from wand_orchestrator.contract.node_table import MOST_EXCEPTIONS, NodeTable
from wand_orchestrator.contract.state import Failure, NodeState, NodeStatus, Raised

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def at(ms: int) -> datetime:
    return START + timedelta(milliseconds=ms)


STATES = {
    "done": NodeState(
        status=NodeStatus.SUCCEEDED, attempt=1, scheduled_at=at(0), started_at=at(5), finished_at=at(250), percent=100
    ),
    "kept": NodeState(status=NodeStatus.SUCCEEDED, finished_at=at(1)),
    "failed": NodeState(
        status=NodeStatus.FAILED,
        attempt=3,
        scheduled_at=at(2),
        finished_at=at(9),
        error=Failure(code="boom", message="it broke", node="failed", details={"a": [1]}),
    ),
    "skipped": NodeState(status=NodeStatus.SKIPPED, finished_at=at(3)),
    **{status.value: NodeState(status=status, attempt=2, scheduled_at=at(4)) for status in NodeStatus},
}


def test_states_come_back_from_the_wire_as_they_were() -> None:
    ids = ["unknown", *STATES, "last"]
    table = NodeTable.model_validate_json(NodeTable.of(ids, STATES).model_dump_json())
    assert table.states(ids) == STATES


def test_a_node_takes_some_twenty_bytes() -> None:
    ids = [f"n{i}" for i in range(1000)]
    states = {id: STATES["done"].model_copy(update={"percent": None}) for id in ids}
    assert len(NodeTable.of(ids, states).model_dump_json()) < 20_000


def test_moments_are_told_as_events_tell_them() -> None:
    state = NodeState(status=NodeStatus.SKIPPED, attempt=1, finished_at=START + timedelta(microseconds=1999))
    assert NodeTable.of(["a"], {"a": state}).states(["a"])["a"].finished_at == at(1)


def test_of_many_failures_the_table_leaves_the_exceptions_to_the_events() -> None:
    error = Failure(code="KeyError", message="'city'", exception=Raised(type="KeyError"))
    failed = NodeState(status=NodeStatus.FAILED, attempt=1, error=error)
    few = {f"n{i}": failed for i in range(MOST_EXCEPTIONS)}
    many = few | {"last": failed}
    assert NodeTable.of(few, few).states(list(few))["n0"].error == error
    assert NodeTable.of(many, many).states(list(many))["n0"].error == Failure(code="KeyError", message="'city'")
