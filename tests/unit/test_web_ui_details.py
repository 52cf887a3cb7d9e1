"""The table that Temporal's Web UI shows of a run."""

from wand_orchestrator.contract.state import NodeState, NodeStatus, Question, RunState, RunStatus
from wand_orchestrator.graph import Graph
from wand_orchestrator.workflows.projections.to_web_ui import Details

GRAPH = Graph.model_validate(
    {
        "name": "orders",
        "nodes": [
            {"id": "ask", "type": "flow.approval", "params": {"prompt": "Ship | keep?"}},
            {"id": "sub", "type": "flow.graph", "params": {"graph": "inner"}},
            {"id": "later", "type": "agent.transform"},
        ],
    }
)


def notes(state: RunState, asked: dict[str, str]) -> dict[str, str]:
    """By node, the last column."""
    text = Details(GRAPH).text(state, [], lambda node: asked.get(node, ""))
    rows = [line.replace("\\|", "/").split("|") for line in text.splitlines() if line.startswith("| ")]
    return {row[1].strip(): row[-2].strip() for row in rows[1:]}


def test_a_node_that_waits_for_somebody_is_shown_with_what_it_asks() -> None:
    waiting = NodeState(status=NodeStatus.WAITING)
    state = RunState(
        status=RunStatus.RUNNING,
        nodes={"ask": waiting, "sub": NodeState(status=NodeStatus.RUNNING)},
        questions={"sub": Question(run_id="r_1.sub", node="check")},
    )
    assert notes(state, {"ask": "Ship | keep?"}) == {
        "ask": "Ship / keep?",
        "sub": "check of r_1.sub waits for an answer",
        "later": "",
    }


def test_a_node_that_has_ended_asks_for_nothing() -> None:
    state = RunState(nodes={"ask": NodeState(status=NodeStatus.SUCCEEDED)})
    assert notes(state, {})["ask"] == ""
