"""The state of a run, folded from events that may hold anything: those of child runs come by a signal."""

from datetime import UTC, datetime
from typing import Any

import pytest

from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.contract.state import NodeStatus, PausedChild, Question, RunState, fold

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ODD: list[Any] = ["boom", 5, None, [1], {"code": 5}, 1e300, -1, True, {}]


def folded(*events: tuple[str, str | None, int | None, dict[str, Any]], ts: datetime = NOON) -> RunState:
    state = RunState()
    for seq, (type, node, attempt, data) in enumerate(events, start=1):
        fold(state, Event(seq=seq, ts=ts, type=EventType(type), node=node, attempt=attempt, data=data))
    return state


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("key", ["error", "duration_ms", "schema", "run_id", "event", "node", "run_status", "held"])
@pytest.mark.parametrize("type", [type for type in EventType if type.startswith("node.")])
def test_whatever_an_event_of_a_node_holds_it_is_folded(type: EventType, key: str, value: Any) -> None:
    data = {"schema": {}, "run_id": "r", "run_status": "paused"} | {key: value}
    state = folded(
        (type, "a", None, data), (EventType.NODE_CANCELLED, "a", None, data), ts=datetime(1, 1, 1, tzinfo=UTC)
    )
    assert state.nodes["a"].status is NodeStatus.CANCELLED
    assert RunState.model_validate_json(state.model_dump_json()) == state


@pytest.mark.parametrize("value", ODD)
def test_whatever_the_end_of_a_run_holds_it_is_folded(value: Any) -> None:
    assert folded(("run.failed", None, None, {"error": value})).status == "failed"


@pytest.mark.parametrize("type", ["node.log", "node.progress"])
def test_what_an_agent_logs_under_the_names_of_the_journal_is_its_own(type: str) -> None:
    said = {"error": {"code": "x", "message": "y"}, "run_status": "paused", "run_id": "r", "schema": {}, "event": "e"}
    state = folded(("node.scheduled", "a", None, {}), (type, "a", 1, said))
    assert state.nodes["a"].error is None
    assert (state.questions, state.paused_children) == ({}, {})


def test_a_paused_child_run_is_known_until_it_goes_on_or_its_node_settles() -> None:
    pause = ("node.log", "m[0]", None, {"run_id": "r.m[0]", "run_status": "paused", "held": ["a"]})
    known = {"m[0]": PausedChild(run_id="r.m[0]", held=("a",))}
    assert folded(pause).paused_children == known
    assert folded(pause, ("node.log", "m[0]", 1, {"run_status": "running"})).paused_children == known
    assert folded(pause, ("node.log", "m[0]", None, {"run_status": "running"})).paused_children == {}
    assert folded(pause, ("node.cancelled", "m[0]", None, {})).paused_children == {}


def test_a_question_is_known_while_its_node_waits() -> None:
    asked = ("node.waiting", "sub/ask", None, {"schema": {}, "run_id": "r.sub", "node": "ask"})
    assert folded(asked).questions == {"sub/ask": Question(run_id="r.sub", node="ask")}
    assert folded(asked, ("node.succeeded", "sub/ask", None, {})).questions == {}
