"""What the journal tells of a node that failed."""

from typing import Any

import pytest
from temporalio.exceptions import ActivityError, ApplicationError, RetryState

from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.node import FailureDetails, Report
from wand_orchestrator.contract.state import Cause, Failure, Frame, NodeState, Raised, RunState, fold
from wand_orchestrator.graph import Node, Options
from wand_orchestrator.workflows.journal import event_texts
from wand_orchestrator.workflows.journal.node_failures import NodeFailure, node_failure

NODE = Node(id="n", type="acme.parse")
RAISED = Raised(
    type="KeyError",
    frames=(Frame(file="acme/parse.py", line=12, function="parse"),),
    causes=(Cause(relation="cause", type="ConnectionError", message="no route"),),
)
TOLD = FailureDetails(worker="host:1", exception=RAISED, duration_ms=5)


def failed(*details: Any, type: str = "KeyError", message: str = "'city'", node: Node = NODE) -> NodeFailure:
    error = ActivityError(
        "Activity task failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="w",
        activity_type="acme.parse",
        activity_id="n",
        retry_state=RetryState.MAXIMUM_ATTEMPTS_REACHED,
    )
    error.__cause__ = ApplicationError(message, *details, type=type)
    return node_failure(node, Options(), error)


def test_the_event_tells_the_exception_and_where_it_ran() -> None:
    entry = event_texts.node_failed(NODE, failed(TOLD.model_dump(mode="json")), grave=True)
    assert entry.message == "n failed: KeyError: 'city'"
    assert entry.data["worker"] == "host:1"
    assert Failure.model_validate(entry.data["error"]) == Failure(
        code="KeyError", message="'city'", node="n", worker="host:1", exception=RAISED
    )


def test_an_error_raised_on_purpose_speaks_for_itself() -> None:
    raised = Raised(type="wand_orchestrator.errors.AgentError")
    failure = failed(FailureDetails(exception=raised), type="shut", message="the shop is shut")
    assert event_texts.node_failed(NODE, failure, grave=True).message == "n failed: the shop is shut"


def test_the_failure_of_a_child_run_comes_with_its_exception() -> None:
    of_child = Failure(code="KeyError", message="'city'", node="inner", worker="host:1", exception=RAISED)
    assert failed(of_child.model_dump(mode="json")).failure == of_child.model_copy(update={"node": "n"})


def test_details_of_another_language_are_no_exception_of_ours() -> None:
    failure = failed({"exception": "java.lang.RuntimeException"}).failure
    assert failure.exception is None
    assert failure.details == {"exception": "java.lang.RuntimeException"}


def test_an_event_of_an_earlier_release_is_still_read() -> None:
    error = {"code": "boom", "message": "it broke", "node": "n"}
    event = Event.model_validate(
        {"seq": 1, "ts": "2026-01-31T12:00:00Z", "type": "node.failed", "node": "n", "data": {"error": error}}
    )
    state = RunState(nodes={"n": NodeState()})
    fold(state, event)
    assert state.nodes["n"].error == Failure(code="boom", message="it broke", node="n")


@pytest.mark.parametrize("type", ["agent.llm", "flow.repeat"])
def test_a_control_node_fails_as_its_part_did_and_has_none_of_its_attempts(type: str) -> None:
    """Else the attempts of the part before its last would be told as lost attempts of the node."""
    report = Report(node="n[0]", attempt=3, kind="log", message="tried")
    told = TOLD.model_copy(update={"attempt": 3, "reports": (report,)})
    failure = failed(told.model_dump(mode="json"), node=Node(id="n", type=type))
    assert (failure.failure.code, failure.failure.exception) == ("KeyError", RAISED)
    assert failure.attempt is None
    assert failure.details == FailureDetails()
    assert failed(told.model_dump(mode="json")).attempt == 3
