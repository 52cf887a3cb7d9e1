"""Large documents: the work grows with their size and not with its square. Calls are counted, as clocks would waver."""

import sys
from types import FrameType
from typing import Any

import checked_agents
import pytest

from wand_orchestrator.plugins import Registry
from wand_orchestrator.validation import Checked, check_graph

AGENTS = Registry.of(checked_agents).agents


def check(document: Any) -> Checked:
    return check_graph(document, AGENTS, max_nodes=20_000, max_edges=100_000)


def healthy(nodes: int) -> dict[str, Any]:
    """Each node feeds the next five."""
    return {
        "name": "large",
        "nodes": [{"id": f"n{i}", "type": "check.loose", "params": {"name": f"node {i}"}} for i in range(nodes)],
        "edges": [
            {"from": f"n{i}", "to": f"n{i + step}", "map": {f"k{step}": f"name.k{i}"}, "when": f"name != '{i}'"}
            for i in range(nodes)
            for step in range(1, 6)
            if i + step < nodes
        ],
    }


def one_cycle(nodes: int) -> dict[str, Any]:
    document = healthy(nodes)
    document["edges"].append({"from": f"n{nodes - 1}", "to": "n0"})
    return document


def all_wrong(nodes: int) -> dict[str, Any]:
    """A fault in every node and every edge, and each with a name that is near to others."""
    return {
        "name": "large",
        "nodes": [{"id": f"n{i}", "type": f"check.loos{i}", "colour": i, "retries": -1} for i in range(nodes)],
        "edges": [{"from": f"n{i}", "to": f"m{i}", "map": {"x": "]["}} for i in range(nodes)],
        "sinks": [f"s{i}" for i in range(nodes)],
    }


def many_cycles(nodes: int) -> dict[str, Any]:
    document = healthy(nodes)
    document["edges"] = [{"from": f"n{i}", "to": f"n{i ^ 1}"} for i in range(nodes)]
    return document


def calls(document: Any) -> int:
    """Calls of Python functions in one check."""
    count = 0

    def step(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(step)
    try:
        check(document)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("make", [healthy, one_cycle, many_cycles, all_wrong])
def test_twice_the_size_takes_twice_the_work(make: Any) -> None:
    check(make(10))  # what is done once for all documents
    once, twice = calls(make(600)), calls(make(1200))
    assert twice < 2.2 * once


def test_the_largest_graph_allowed_is_checked() -> None:
    document = healthy(20_000)
    checked = check(document)
    assert checked.faults == ()
    assert checked.graph is not None
    assert len(checked.graph.edges) == len(document["edges"]) > 99_900


def test_the_longest_way_and_the_largest_cycle_exhaust_no_stack() -> None:
    nodes = [{"id": f"n{i}", "type": "check.loose"} for i in range(20_000)]
    edges = [{"from": f"n{i}", "to": f"n{(i + 1) % 20_000}"} for i in range(20_000)]
    faults = check({"name": "ring", "nodes": nodes, "edges": edges}).faults
    assert [(fault.pointer, fault.code) for fault in faults] == [("/edges/19999", "cycle")]
