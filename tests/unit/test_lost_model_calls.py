"""What is told of model calls that ended before anybody could tell what they used."""

import pytest

from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.contract.model_call import Usage, UsageTotal
from wand_orchestrator.contract.names import AGENT_MODEL_TURN
from wand_orchestrator.contract.node import Report
from wand_orchestrator.contract.state import NodeState, RunState, fold
from wand_orchestrator.graph import Node
from wand_orchestrator.workflows.journal import event_texts
from wand_orchestrator.workflows.journal.event_texts import Entry
from wand_orchestrator.workflows.journal.node_failures import NodeFailure

TURN = Node(id="w", type=AGENT_MODEL_TURN)
UNTOLD = Usage(requests=1, partial_requests=1).model_dump(mode="json")


def told(code: str, node: Node = TURN) -> list[Entry]:
    """All ways in which an attempt that ended so is told of."""
    failed = NodeFailure.of(node, code, "it ended")
    report = Report(node=node.id, attempt=1, kind="retrying", message="again", error=failed.failure)
    return [
        event_texts.node_failed(node, failed, grave=True),
        event_texts.node_given_again(node, failed),
        event_texts.reported(report, calls_model=node.type == AGENT_MODEL_TURN),
    ]


@pytest.mark.parametrize("code", ["worker_lost", "worker_shutdown", "timeout"])
def test_a_call_that_ended_from_outside_counts_as_a_request_of_unknown_price(code: str) -> None:
    assert [entry.data.get("usage") for entry in told(code)] == [UNTOLD] * 3
    assert [entry.data.get("usage") for entry in told(code, Node(id="n", type="acme.parse"))] == [None] * 3


def test_a_call_that_could_not_be_made_counts_as_none() -> None:
    assert [entry.data.get("usage") for entry in told("model_unreachable")] == [None] * 3


def test_an_attempt_that_nobody_told_of_is_in_the_usage_of_the_run() -> None:
    entry = event_texts.attempt_lost("w", 1, calls_model=True)
    assert "usage" not in event_texts.attempt_lost("w", 1).data
    state = RunState(nodes={"w": NodeState()})
    event = {"seq": 1, "ts": "2026-01-31T12:00:00Z", "type": EventType.NODE_RETRYING, "node": "w", "data": entry.data}
    fold(state, Event.model_validate(event))
    assert state.usage == UsageTotal(requests=1, partial_requests=1, unpriced_requests=1)
