"""What goes to Temporal and the database can be read again: limits on depth, size and names."""

import json
from typing import Any

import pytest
import sample_agents
from pydantic import ValidationError

from wand_orchestrator.activities.runner.values import write_output
from wand_orchestrator.contract.bounds import bounded_json, is_too_deep
from wand_orchestrator.contract.ids import child_run_id
from wand_orchestrator.contract.limits import (
    MAX_INPUT_BYTES,
    MAX_RESULT_BYTES,
)
from wand_orchestrator.errors import AgentError
from wand_orchestrator.graph import Graph
from wand_orchestrator.plugins import Registry
from wand_orchestrator.temporal.visibility import summary
from wand_orchestrator.workflows.scheduler import Outcome, Scheduler


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"x": value}
    return value


@pytest.mark.parametrize(("levels", "too_deep"), [(0, False), (1, False), (100, False), (101, True), (5000, True)])
def test_a_value_is_too_deep_above_100_levels(levels: int, too_deep: bool) -> None:
    assert is_too_deep(nested(levels)) is too_deep


@pytest.mark.parametrize("levels", [101, 198, 230, 900])
def test_data_that_is_too_deep_is_told_as_such(levels: int) -> None:
    assert bounded_json(nested(levels)).keys() <= {"too_deep", "unserializable"}


@pytest.mark.parametrize("output", [nested(101), nested(198), nested(230), {1: "a", "1": "b"}])
def test_an_output_that_nobody_could_read_as_it_is_is_refused(output: Any) -> None:
    [agent] = [agent for agent in Registry.of(sample_agents).agents.values() if agent.name == "test.emit"]
    with pytest.raises(AgentError) as refused:
        write_output(agent, output, 10**6)
    assert refused.value.code == "invalid_output"


def wide(count: int) -> Graph:
    nodes = [{"id": f"n{i}", "type": "x"} for i in range(count)] + [{"id": "z", "type": "x"}]
    edges = [{"from": f"n{i}", "to": "z", "map": {f"k{i}": "@"}} for i in range(count)]
    return Graph.model_validate({"name": "g", "nodes": nodes, "edges": edges, "options": {"concurrency": 1000}})


def test_an_input_that_grows_too_large_fails_its_node_and_is_let_go_of() -> None:
    mega = "x" * 1024**2
    count = MAX_INPUT_BYTES // len(mega) + 1
    scheduler = Scheduler(wide(count))
    while scheduler.next_start():
        pass
    decisions = [decision for i in range(count) for decision in scheduler.succeeded(f"n{i}", mega)]
    assert [(decision.node, decision.failure and decision.failure.code) for decision in decisions] == [
        ("z", "input_too_large")
    ]
    assert scheduler.outcome is Outcome.FAILED


def test_a_result_that_grows_too_large_fails_the_run_and_is_let_go_of() -> None:
    mega = "x" * 1024**2
    count = MAX_RESULT_BYTES // len(mega) + 1
    nodes = [{"id": f"n{i}", "type": "x"} for i in range(count)]
    scheduler = Scheduler(Graph.model_validate({"name": "g", "nodes": nodes, "options": {"concurrency": 1000}}))
    while scheduler.next_start():
        pass
    for i in range(count):
        scheduler.succeeded(f"n{i}", mega)
    assert scheduler.outcome is Outcome.FAILED
    assert scheduler.failure is not None
    assert scheduler.failure.code == "result_too_large"
    assert scheduler.result().outputs == {}


def test_a_graph_name_is_limited_in_the_bytes_that_temporal_counts() -> None:
    nodes = [{"id": "a", "type": "x"}]
    assert Graph.model_validate({"name": "\N{GRINNING FACE}" * 160, "nodes": nodes})
    with pytest.raises(ValidationError, match="bytes"):
        Graph.model_validate({"name": "\N{GRINNING FACE}" * 171, "nodes": nodes})


def test_ids_of_nested_child_runs_stay_short_and_below_their_parents() -> None:
    parent, seen = "r_" + "0" * 32, set()
    for _ in range(20):
        child = child_run_id(parent, "n" * 200, 1)
        assert child.startswith(f"{parent}.")
        assert child_run_id(parent, "n" * 200, 2) != child
        assert child not in seen
        seen.add(child)
        parent = child
    assert len(parent) < 1000
    assert len(child_run_id("p" * 1000, "n" * 200, 1)) < 1000
    assert child_run_id("r_1", "n", 2) == "r_1.n~2"


@pytest.mark.parametrize("text", ["n" * 500, "\N{GRINNING FACE}" * 200, '"' * 200])
def test_a_summary_is_as_short_as_temporal_takes_it(text: str) -> None:
    assert len(json.dumps(summary(text), ensure_ascii=False).encode()) <= 400
