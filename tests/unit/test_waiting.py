"""What the nodes of a run that stands still wait for."""

from typing import Any

import pytest

from wand_orchestrator.api.runs.waiting import TO_BE_RETRIED, held_back, held_nodes
from wand_orchestrator.contract.state import NodeState, NodeStatus, RunState, RunStatus
from wand_orchestrator.graph import Graph


def graph(*edges: dict[str, Any], join: str = "all") -> Graph:
    nodes = [{"id": "a", "type": "t"}, {"id": "b", "type": "t"}, {"id": "c", "type": "t", "join": join}]
    return Graph.model_validate(
        {"name": "g", "nodes": nodes, "edges": edges, "options": {"on_failure": "pause"}},
    )


def paused(**nodes: NodeState) -> RunState:
    return RunState(status=RunStatus.PAUSED, nodes=nodes)


SUCCEEDED = NodeState(status=NodeStatus.SUCCEEDED)
RUNNING = NodeState(status=NodeStatus.RUNNING)
RACE = ({"from": "a", "to": "c"}, {"from": "b", "to": "c"})


def test_a_failure_that_an_edge_handled_waits_for_nobody() -> None:
    state = paused(
        a=NodeState(status=NodeStatus.FAILED, handled=True),
        b=NodeState(status=NodeStatus.FAILED),
    )
    assert held_nodes(graph(), state) == ["b"]
    assert held_back(graph(), state)["b"] == TO_BE_RETRIED


def test_the_runs_input_keeps_no_node_waiting() -> None:
    assert held_back(graph({"from": "$input", "to": "c"}), paused(a=SUCCEEDED, b=SUCCEEDED)) == {
        "c": "the run to be resumed"
    }


@pytest.mark.parametrize(("join", "waits"), [("first", True), ("any", False), ("all", False)])
def test_a_node_that_takes_the_first_edge_is_ready_before_the_others_end(join: str, waits: bool) -> None:
    reasons = held_back(graph(*RACE, join=join), paused(a=SUCCEEDED, b=RUNNING))
    assert ("c" in reasons) == waits
